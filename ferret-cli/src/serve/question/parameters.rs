//! The parameters of a query, decoded: each is taken once, and what is left over is refused.

use super::{FunctionId, Range, Scope, WorkerId};
use crate::filter::Filter;
use crate::when::parse_duration;
use std::time::Duration;

/// More parameters than any question has.
const MOST: usize = 20;
/// No value that means anything is longer.
const LONGEST_VALUE: usize = 4_096;
/// No history goes back further.
const LONGEST_RANGE: Duration = Duration::from_hours(400 * 24);
/// In the year 2255: seven years later, times do not fit into nanoseconds any more.
const LAST_MS: u64 = 9_000_000_000_000;

/// The parameters that were given, less those that were taken.
#[derive(Debug)]
pub(super) struct Parameters {
    given: Vec<(String, String)>,
    /// What was asked for so far, whether it was given or not.
    known: Vec<&'static str>,
}

impl Parameters {
    /// Decodes a query.
    ///
    /// # Errors
    ///
    /// It is not encoded as queries are, a parameter is there twice, or it is too long.
    pub(super) fn decode(query: &str) -> Result<Self, String> {
        let mut given: Vec<(String, String)> = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name)?, decode(value)?);
            if given.iter().any(|(other, _)| *other == name) {
                return Err(format!("{name:?} is given twice: give it once"));
            }
            if given.len() == MOST {
                return Err(format!("there are more than {MOST} parameters"));
            }
            given.push((name, value));
        }
        Ok(Self { given, known: Vec::new() })
    }

    /// Takes a parameter as it stands.
    pub(super) fn text(&mut self, name: &'static str) -> Option<String> {
        self.known.push(name);
        let at = self.given.iter().position(|(given, _)| given == name)?;
        Some(self.given.swap_remove(at).1)
    }

    /// Takes a parameter that `read` understands.
    ///
    /// # Errors
    ///
    /// It does not.
    pub(super) fn take<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, String> {
        let Some(text) = self.text(name) else { return Ok(None) };
        read(&text).map(Some).map_err(|why| format!("{name}={text:?}: {why}"))
    }

    /// Takes one of a few words.
    ///
    /// # Errors
    ///
    /// It is none of them.
    pub(super) fn one_of<T: Copy>(
        &mut self,
        name: &'static str,
        all: &[(&str, T)],
    ) -> Result<Option<T>, String> {
        self.take(name, |text| {
            let found = all.iter().find(|(word, _)| *word == text);
            found.map(|(_, one)| *one).ok_or_else(|| one_of(all.iter().map(|(word, _)| *word)))
        })
    }

    /// Takes `limit`.
    ///
    /// # Errors
    ///
    /// It is none.
    pub(super) fn limit(&mut self, default: usize, most: usize) -> Result<usize, String> {
        let limit = self.take("limit", |text| {
            let limit = text.parse().ok().filter(|limit| (1..=most).contains(limit));
            limit.ok_or_else(|| format!("a number of rows, 1 to {most}"))
        })?;
        Ok(limit.unwrap_or(default))
    }

    /// Takes `worker` and `program`.
    ///
    /// # Errors
    ///
    /// There is no such id.
    pub(super) fn scope(&mut self) -> Result<Scope, String> {
        Ok(Scope { worker: self.worker()?, program: self.text("program") })
    }

    /// Takes `worker`.
    ///
    /// # Errors
    ///
    /// There is no such id.
    pub(super) fn worker(&mut self) -> Result<Option<WorkerId>, String> {
        self.take("worker", str::parse)
    }

    /// Takes `function`.
    ///
    /// # Errors
    ///
    /// There is no such id.
    pub(super) fn function(&mut self) -> Result<Option<FunctionId>, String> {
        self.take("function", |text| {
            let id = text.parse().map(FunctionId);
            id.map_err(|_no_number| "an id as /api/functions has them".to_owned())
        })
    }

    /// Takes `filter`.
    ///
    /// # Errors
    ///
    /// It is none.
    pub(super) fn filter(&mut self) -> Result<Option<Filter>, String> {
        let filter = self
            .take("filter", |text| text.parse::<Filter>().map(Some).map_err(|e| e.to_string()))?;
        Ok(filter.flatten())
    }

    /// Takes `range`, or `from` and `to`.
    ///
    /// # Errors
    ///
    /// They are no time, or contradict each other.
    pub(super) fn range(&mut self) -> Result<Option<Range>, String> {
        let last = self.take("range", |text| {
            let time = parse_duration(text).map_err(|error| error.to_string())?;
            if time < Duration::from_millis(1) || time > LONGEST_RANGE {
                return Err("a time of 1ms to 400d".to_owned());
            }
            Ok(Range::Last(time))
        })?;
        let from = self.take("from", moment)?;
        let to = self.take("to", moment)?;
        match (last, from, to) {
            (None, None, None) => Ok(None),
            (Some(last), None, None) => Ok(Some(last)),
            (Some(_), ..) => Err("range is the time up to now: say range, or from and to".into()),
            (None, None, Some(_)) => Err("to needs from: say from when".to_owned()),
            (None, Some(from_ms), to_ms) => {
                if let Some(to_ms) = to_ms {
                    let longest = u64::try_from(LONGEST_RANGE.as_millis()).unwrap_or(u64::MAX);
                    if to_ms <= from_ms || to_ms - from_ms > longest {
                        return Err("to must be behind from, by 400 days at most".to_owned());
                    }
                }
                Ok(Some(Range::Between { from_ms, to_ms }))
            }
        }
    }

    /// Ends the taking.
    ///
    /// # Errors
    ///
    /// Something is left over.
    pub(super) fn end(self) -> Result<(), String> {
        let Some((name, _)) = self.given.first() else { return Ok(()) };
        if self.known.is_empty() {
            return Err(format!("{name:?} is no parameter: here there are none"));
        }
        Err(format!("{name:?} is no parameter here: there are {}", self.known.join(", ")))
    }
}

/// What a parameter may be.
pub(super) fn one_of<'a>(words: impl Iterator<Item = &'a str>) -> String {
    format!("one of {}", words.collect::<Vec<_>>().join(", "))
}

fn moment(text: &str) -> Result<u64, String> {
    let ms: i128 = text.parse().map_err(|_no_number| "a time in milliseconds since 1970")?;
    match u64::try_from(ms) {
        Ok(ms) if ms <= LAST_MS => Ok(ms),
        Err(_) if ms < 0 => Err("that is before 1970, and times are milliseconds since".to_owned()),
        _ => Err(format!("that is too far: times are milliseconds since 1970, {LAST_MS} at most")),
    }
}

/// Decodes `%41` and `+`.
///
/// # Errors
///
/// It is not encoded so, or too long.
pub(crate) fn decode(text: &str) -> Result<String, String> {
    if text.len() > LONGEST_VALUE {
        return Err(format!("a parameter is longer than {LONGEST_VALUE} bytes"));
    }
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || bytes.next().and_then(|c| char::from(c).to_digit(16));
                let (Some(high), Some(low)) = (digit(), digit()) else {
                    return Err("% must be followed by two hex digits: write %25 for %".to_owned());
                };
                u8::try_from(high * 16 + low).map_err(|error| error.to_string())?
            }
            _ => byte,
        });
    }
    String::from_utf8(decoded).map_err(|_bytes| "a parameter is no UTF-8".to_owned())
}
