//! Reads what is asked from a path and a query. What is unknown is refused, with what is known: a misspelt parameter
//! that changed nothing would be taken for an answer.

use super::parameters::{Parameters, one_of};
use super::{
    Asked, Events, Functions, Heatmap, History, Measure, Question, Range, Rows, Sort, SortBy,
    WindowForm, WindowQuestion, Workers,
};
use crate::export::Form;
use clap::ValueEnum as _;
use std::time::Duration;

/// What a history is of that says no time.
const HISTORY: Range = Range::Last(Duration::from_hours(1));

impl Asked {
    /// What a path and a query ask; none where nothing has this path.
    ///
    /// # Errors
    ///
    /// Why that cannot be asked, and what can.
    pub(crate) fn parse(path: &str, query: &str) -> Option<Result<Self, String>> {
        let read: fn(&mut Parameters) -> Result<Self, String> = match path {
            "/api/workers" => |q| workers(q).map(Question::Workers).map(Self::Document),
            "/api/stack" => |q| rows(q).map(Question::Stack).map(Self::Document),
            "/api/stages" => |q| rows(q).map(Question::Stages).map(Self::Document),
            "/api/functions" => |q| functions(q).map(Question::Functions).map(Self::Document),
            "/api/metrics" => |q| workers(q).map(Question::Metrics).map(Self::Document),
            "/api/history" => |q| history(q).map(Self::Document),
            "/api/events" => |q| events(q).map(Question::Events).map(Self::Document),
            "/api/alerts" => |_| Ok(Self::Document(Question::Alerts)),
            "/api/flame" => |q| window(q, flame).map(Self::Window),
            "/api/pprof" => {
                |q| window(q, |_| Ok(WindowForm::Export(Form::Pprof))).map(Self::Window)
            }
            "/api/export" => |q| window(q, export).map(Self::Window),
            "/api/health" | "/healthz" => |_| Ok(Self::Health),
            "/api/stream" => |_| Ok(Self::Stream),
            _ => return None,
        };
        Some(Parameters::decode(query).and_then(|mut parameters| {
            let asked = read(&mut parameters)?;
            parameters.end()?;
            Ok(asked)
        }))
    }
}

fn workers(q: &mut Parameters) -> Result<Workers, String> {
    Ok(Workers { scope: q.scope()?, limit: q.limit(500, 2_000)? })
}

fn rows(q: &mut Parameters) -> Result<Rows, String> {
    Ok(Rows { scope: q.scope()?, filter: q.filter()?, limit: q.limit(500, 5_000)? })
}

fn functions(q: &mut Parameters) -> Result<Functions, String> {
    let sort = q.take("sort", |text| {
        let (word, reversed) = match text.strip_prefix('-') {
            Some(word) => (word, true),
            None => (text, false),
        };
        let found = SortBy::ALL.iter().find(|(known, _)| *known == word);
        let by = found.ok_or_else(|| {
            one_of(SortBy::ALL.iter().map(|(known, _)| *known)) + "; - before it turns it around"
        })?;
        Ok(Sort { by: by.1, reversed })
    })?;
    Ok(Functions {
        scope: q.scope()?,
        range: q.range()?,
        filter: q.filter()?,
        sort: sort.unwrap_or(Sort { by: SortBy::Total, reversed: false }),
        limit: q.limit(100, 1_000)?,
    })
}

fn history(q: &mut Parameters) -> Result<Question, String> {
    let scope = q.scope()?;
    let range = q.range()?.unwrap_or(HISTORY);
    let function = q.function()?;
    let Some(measure) = q.one_of("heatmap", &Measure::ALL)? else {
        return Ok(Question::History(History { scope, range, function }));
    };
    if function.is_some() {
        return Err("a heatmap is of the processes: leave function out".to_owned());
    }
    let limit = q.limit(200, 1_000)?;
    Ok(Question::Heatmap(Heatmap { scope, range, measure, limit }))
}

fn events(q: &mut Parameters) -> Result<Events, String> {
    let after = q.take("after", |text| {
        text.parse().map_err(|_no_number| "the number of an event".to_owned())
    })?;
    Ok(Events { scope: q.scope()?, range: q.range()?, after, limit: q.limit(200, 2_000)? })
}

fn window(
    q: &mut Parameters,
    form: impl FnOnce(&mut Parameters) -> Result<WindowForm, String>,
) -> Result<WindowQuestion, String> {
    let form = form(q)?;
    let worker = q.worker()?.ok_or("say which worker: worker=ID, as /api/workers has them")?;
    Ok(WindowQuestion { worker, range: q.range()?, filter: q.filter()?, form })
}

fn flame(q: &mut Parameters) -> Result<WindowForm, String> {
    Ok(WindowForm::Flame { limit: q.limit(5_000, 50_000)? })
}

fn export(q: &mut Parameters) -> Result<WindowForm, String> {
    // The page is no form of a window.
    let forms = Form::value_variants().iter().filter(|form| **form != Form::Html);
    let forms: Vec<_> = forms.map(|form| (form.name(), *form)).collect();
    let forms: Vec<_> = forms.iter().map(|(name, form)| (name.as_str(), *form)).collect();
    let form = q.one_of("format", &forms)?.ok_or_else(|| {
        format!("say which form: format= {}", one_of(forms.iter().map(|(name, _)| *name)))
    })?;
    Ok(WindowForm::Export(form))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::question::{FunctionId, Scope, WorkerId};
    use ferret::event::ProcessUid;

    const UID: &str = "0123456789abcdef0123456789abcdef";

    fn asked(path: &str, query: &str) -> Result<Asked, String> {
        Asked::parse(path, query).expect("a path of the API")
    }

    fn document(path: &str, query: &str) -> Question {
        match asked(path, query) {
            Ok(Asked::Document(question)) => question,
            other => panic!("{other:?}"),
        }
    }

    fn worker() -> WorkerId {
        WorkerId(ProcessUid(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef))
    }

    #[track_caller]
    fn check_refused(path: &str, query: &str, expect: &str) {
        assert_eq!(asked(path, query).unwrap_err(), expect);
    }

    #[test]
    fn a_question_without_parameters_has_bounds() {
        let everything = Scope::default();
        let expect = Question::Workers(Workers { scope: everything.clone(), limit: 500 });
        assert_eq!(document("/api/workers", ""), expect);
        let expect = History { scope: everything, range: HISTORY, function: None };
        assert_eq!(document("/api/history", ""), Question::History(expect));
        assert_eq!(asked("/healthz", ""), Ok(Asked::Health));
        assert!(Asked::parse("/api/workers/", "").is_none());
        assert!(Asked::parse("/etc/passwd", "").is_none());
    }

    #[test]
    fn parameters_are_decoded_and_typed() {
        let query = format!(
            "worker={UID}&program=a%20b+c&range=15m&filter=dur%20%3E%20100ms&sort=-p95&limit=7"
        );
        let Question::Functions(found) = document("/api/functions", &query) else { panic!() };
        assert_eq!(found.scope, Scope { worker: Some(worker()), program: Some("a b c".into()) });
        assert_eq!(found.range, Some(Range::Last(Duration::from_mins(15))));
        assert_eq!(found.filter.unwrap().to_string(), "dur > 100ms");
        assert_eq!((found.sort.by, found.sort.reversed, found.limit), (SortBy::P95, true, 7));
        let Question::History(found) = document("/api/history", "function=17&from=5&to=9") else {
            panic!()
        };
        assert_eq!(found.function, Some(FunctionId(17)));
        assert_eq!(found.range, Range::Between { from_ms: 5, to_ms: Some(9) });
        let Question::Heatmap(found) = document("/api/history", "heatmap=rss_bytes") else {
            panic!()
        };
        assert_eq!(found.measure, Measure::RssBytes);
    }

    #[test]
    fn a_window_is_of_one_worker() {
        let Ok(Asked::Window(found)) = asked("/api/pprof", &format!("worker={UID}&range=1m"))
        else {
            panic!()
        };
        assert_eq!((found.worker, found.form), (worker(), WindowForm::Export(Form::Pprof)));
        check_refused(
            "/api/flame",
            "range=1m",
            "say which worker: worker=ID, as /api/workers has them",
        );
        check_refused(
            "/api/export",
            &format!("worker={UID}&format=elf"),
            "format=\"elf\": one of chrome, speedscope, folded, flamegraph, pprof, jsonl, csv",
        );
    }

    #[test]
    fn what_is_unknown_is_refused_with_what_is_known() {
        check_refused(
            "/api/workers",
            "colour=red",
            "\"colour\" is no parameter here: there are worker, program, limit",
        );
        check_refused("/healthz", "x", "\"x\" is no parameter: here there are none");
        check_refused("/api/workers", "limit=0", "limit=\"0\": a number of rows, 1 to 2000");
        check_refused(
            "/api/workers",
            "limit=99999999999999999999",
            "limit=\"99999999999999999999\": a number of rows, 1 to 2000",
        );
        check_refused("/api/workers", "limit=1&limit=2", "\"limit\" is given twice: give it once");
        check_refused(
            "/api/workers",
            "worker=..%2F..%2Fetc",
            "worker=\"../../etc\": an id of 32 hex digits, as /api/workers has them",
        );
        check_refused("/api/events", "program=%ff", "a parameter is no UTF-8");
        check_refused(
            "/api/events",
            "program=%f",
            "% must be followed by two hex digits: write %25 for %",
        );
    }

    #[test]
    fn times_that_are_none_are_refused() {
        check_refused("/api/events", "range=900d", "range=\"900d\": a time of 1ms to 400d");
        check_refused("/api/events", "range=0s", "range=\"0s\": a time of 1ms to 400d");
        check_refused("/api/events", "to=5", "to needs from: say from when");
        check_refused("/api/events", "from=5&to=5", "to must be behind from, by 400 days at most");
        check_refused(
            "/api/events",
            "range=5m&from=5",
            "range is the time up to now: say range, or from and to",
        );
        check_refused("/api/events", "from=x", "from=\"x\": a time in milliseconds since 1970");
        check_refused(
            "/api/events",
            "from=-1",
            "from=\"-1\": that is before 1970, and times are milliseconds since",
        );
        check_refused(
            "/api/events",
            "from=9999999999999",
            "from=\"9999999999999\": that is too far: times are milliseconds since 1970, 9000000000000 at most",
        );
        check_refused(
            "/api/events",
            "range=1000000d",
            "range=\"1000000d\": \"1000000d\" is too long: 500 years are the most",
        );
        assert!(asked("/api/events", "range=1h30m").is_ok());
    }

    #[test]
    fn a_range_is_found_in_time() {
        assert_eq!(Range::Last(Duration::from_secs(1)).at(5_000), (4_000, 5_000));
        assert_eq!(Range::Last(Duration::from_secs(9)).at(5_000), (0, 5_000));
        assert_eq!(Range::Between { from_ms: 7_000, to_ms: None }.at(5_000), (7_000, 7_001));
    }
}
