//! The plain lines of `watch`: what one says of a run where there is no screen.

use super::counter_lines;
use crate::format;
use crate::tui::board::Scene;
use crate::tui::{headline, stack_text, wording};
use ferret::event::{Entry, LogEntry, LogIndex, LogTime, Names, Part, PathId, SpanId};
use ferret::projections::{Happening, LiveProcess, Measure, StageStats};
use std::collections::BTreeMap;

/// Functions whose tasks waited at the end are named, so many.
const MOST_WAITING: usize = 8;

/// A stage that began.
pub(super) struct Begun {
    log: LogIndex,
    span: SpanId,
    name: String,
    pub(super) time: LogTime,
}

impl Begun {
    /// The stages that begin in a part of a log, as they began.
    pub(super) fn of(log: LogIndex, names: &Names, part: Part<'_>) -> Vec<Self> {
        let stage = |span: SpanId, path: PathId, time: LogTime| {
            let callsite = names.callsite_info(path).filter(|callsite| callsite.kind.is_stage())?;
            Some(Self { log, span, name: callsite.name.clone(), time })
        };
        let mut begun: Vec<Self> = match part {
            Part::Spans(spans) => {
                // Others have been told.
                let ended = spans.ended.iter().filter(|span| span.start >= spans.stretch.first);
                let ended = ended.filter_map(|span| stage(span.span, span.path, span.start));
                let opened = spans.opened.iter();
                let opened = opened.filter_map(|frame| stage(frame.span, frame.path, frame.since));
                ended.chain(opened).collect()
            }
            Part::Other(Entry { what: LogEntry::SpanStart { span, path, .. }, time, .. }) => {
                stage(*span, *path, *time).into_iter().collect()
            }
            Part::Other(_) => Vec::new(),
        };
        begun.sort_by_key(|begun| (begun.time, begun.span));
        begun
    }

    pub(super) fn line(&self, scene: &Scene) -> String {
        let time = wording::time_of_day(scene, self.log, self.time);
        let said = open_said(scene, self.log, self.span);
        format!("{time}  ▶ {}  {said}", self.name).trim_end().to_owned()
    }
}

/// The run in a few lines: how it ended, peaks, stages, what was left open.
pub(super) fn summary(scene: &Scene) -> Vec<String> {
    let mut lines = vec![headline(scene)];
    lines.extend(deaths(scene));
    lines.push(peaks(scene));
    lines.extend(counter_lines::summary(scene));
    lines.extend(scene.stages.stages.iter().map(stage));
    lines.extend(left_open(scene));
    lines
}

/// How those died who did, and what is known of it.
fn deaths(scene: &Scene) -> Vec<String> {
    let processes = scene.board.processes.iter();
    let died = processes.filter_map(|(log, process)| {
        let death = scene.board.death(log, scene.now)?;
        let who = wording::process_name(process, true);
        Some(format!("{who}  {}; {}", death.how(), death.facts().join("; ")))
    });
    died.collect()
}

/// What an open span has said so far.
fn open_said(scene: &Scene, log: LogIndex, span: SpanId) -> String {
    let Some(live) = scene.board.live.process(log) else { return String::new() };
    let frames = live.thread(span.thread).map_or(&[][..], |thread| &thread.frames);
    let frame = frames.iter().find(|frame| frame.span == span).map(|frame| &frame.said);
    let said = live.task(span).map(|task| &task.said).or(frame);
    said.map(|said| wording::said(scene.names(log), said)).unwrap_or_default()
}

/// Something that happened.
pub(super) fn told(scene: &Scene, row: &Happening) -> String {
    let told = wording::told(scene, row);
    let pieces = [&*told.name, &told.detail, &told.took, told.outcome, &told.thread];
    let pieces: Vec<_> = pieces.into_iter().filter(|piece| !piece.is_empty()).collect();
    format!("{}  {}", told.time, pieces.join("  "))
}

/// The line about the whole run.
pub(super) fn headline(scene: &Scene) -> String {
    let pieces: Vec<_> = headline::pieces(scene).into_iter().map(|piece| piece.text).collect();
    pieces.join("  ")
}

/// How far back each log tells, where older entries were dropped.
pub(super) fn reach(scene: &Scene) -> Vec<String> {
    let files = (0..).map(LogIndex).zip(&scene.board.logs);
    let said = files.filter_map(|(log, file)| {
        let reach = file.reach?;
        let unix_ns = scene.process(log).and_then(|process| process.unix_ns(reach.from));
        Some(reach.say(unix_ns, scene.moment(log).since(reach.from)))
    });
    said.collect()
}

/// The machine's use and the innermost open spans, in a line.
pub(super) fn status(scene: &Scene) -> String {
    let metrics = &scene.board.metrics;
    let all = [(Measure::Cpu, "CPU "), (Measure::Rss, "RSS "), (Measure::Threads, "threads ")];
    let readings = all.into_iter().filter_map(|(measure, label)| {
        let value = metrics.current(measure, scene.now)?;
        Some(format!("{label}{}", stack_text::amount(measure, value)))
    });
    let elapsed = scene.began().map(|began| wording::seconds(scene.last_moment().since(began)));
    let rate = format!("{}/s", format::short_count(headline::spans_per_second(scene)));
    let numbers = elapsed.into_iter().chain(readings).chain([rate]);
    let numbers = numbers.chain(counter_lines::status(scene)).collect::<Vec<_>>().join("  ");
    let at = innermost(scene, 3).join(", ");
    let at = match (at.is_empty(), tasks_that_wait(scene)) {
        (false, _) => at,
        (true, 0) => "no span is open".to_owned(),
        (true, 1) => "a task waits".to_owned(),
        (true, count) => format!("{} tasks wait", format::count(count as u64)),
    };
    format!("{numbers}  {at}")
}

/// Async spans that no thread polls now, the ones that have not been polled yet too.
fn tasks_that_wait(scene: &Scene) -> usize {
    let logs = scene.board.processes.iter().filter(|(log, _)| scene.state(*log).is_live());
    let tasks = logs.filter_map(|(log, _)| scene.board.live.process(log));
    tasks.flat_map(LiveProcess::tasks).filter(|(_, task)| task.polled.is_none()).count()
}

/// The innermost open span of the first few busy threads, with its age.
fn innermost(scene: &Scene, count: usize) -> Vec<String> {
    let logs = scene.board.processes.iter().filter(|(log, _)| scene.state(*log).is_live());
    let mut all = logs.flat_map(|(log, _)| {
        let live = scene.board.live.process(log);
        let frames = live.into_iter().flat_map(LiveProcess::threads);
        let tops = frames.filter_map(|(_, thread)| thread.frames.last());
        tops.map(move |frame| (log, frame))
    });
    let words = all.by_ref().take(count).map(|(log, frame)| {
        let age = format::age(scene.moment(log).since(frame.since));
        format!("{} {age}", scene.names(log).span_name(frame.path))
    });
    let mut words: Vec<_> = words.collect();
    words.extend(format::more(all.count() as u64, "thread"));
    words
}

fn peaks(scene: &Scene) -> String {
    let peak = scene.board.metrics.peak();
    let all = [(Measure::Cpu, "CPU"), (Measure::Rss, "RSS"), (Measure::Threads, "threads")];
    let peaks = all.into_iter().filter_map(|(measure, label)| {
        Some(format!("{label} {}", stack_text::amount(measure, peak.of(measure)?)))
    });
    let heap = scene.heap();
    let heap = heap.map(|living| format!("heap {}", format::bytes(living.peak_bytes)));
    let peaks: Vec<_> = peaks.chain(heap).collect();
    if peaks.is_empty() {
        "no metric was taken".to_owned()
    } else {
        format!("peak {}", peaks.join("  "))
    }
}

fn stage(stage: &StageStats) -> String {
    let (state, _) = wording::stage_state(stage.state);
    let wall = format::duration(stage.wall_ns);
    let mut pieces = vec![format!("stage {}", stage.info.name), state.to_owned(), wall];
    let progress = stage.progress;
    pieces.extend(progress.map(|progress| wording::progress(progress.done, progress.total)));
    pieces.extend(stage.peak_rss_bytes.map(|rss| format!("peak RSS {}", format::bytes(rss))));
    pieces.extend(stage.avg_cpu_percent.map(|cpu| format!("CPU {cpu:.0} %")));
    pieces.join("  ")
}

/// What a process that ended otherwise than well had open.
fn left_open(scene: &Scene) -> Vec<String> {
    let over = scene.board.processes.iter().filter(|(log, _)| !scene.state(*log).is_live());
    let mut lines = Vec::new();
    for (log, _) in over {
        let Some(live) = scene.board.live.process(log) else { continue };
        for (id, thread) in live.threads().filter(|(_, thread)| !thread.frames.is_empty()) {
            let names = scene.names(log);
            let frames: Vec<_> =
                thread.frames.iter().map(|frame| names.span_name(frame.path)).collect();
            lines.push(format!(
                "open at the end in {}: {}",
                names.thread_name(id),
                frames.join(" › ")
            ));
        }
        lines.extend(waiting_at_the_end(scene, log, live));
    }
    lines
}

/// The tasks that nothing polled when their process ended, by function.
fn waiting_at_the_end(scene: &Scene, log: LogIndex, live: &LiveProcess) -> Option<String> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for (_, task) in live.tasks().filter(|(_, task)| task.polled.is_none()) {
        *counts.entry(scene.names(log).span_name(task.path)).or_default() += 1;
    }
    let words = counts.iter().take(MOST_WAITING).map(|(name, count)| match count {
        1 => (*name).to_owned(),
        _ => format!("{name} ×{}", format::count(*count)),
    });
    let left_out = counts.len().saturating_sub(MOST_WAITING);
    let words: Vec<_> = words.chain(format::more(left_out as u64, "function")).collect();
    (!words.is_empty()).then(|| format!("waiting at the end: {}", words.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::script::{S, Script, podcast};
    use ferret::event::EndKind;

    #[test]
    fn a_status_line_tells_the_use_of_the_machine_and_what_runs() {
        assert_eq!(
            podcast().look(status),
            "24 s  CPU 187 %  RSS 242 MiB  threads 6  0/s  Whisper::full 2.2 s, TextRank::rank 0.2 s"
        );
        let idle = Script::default().process("cast", 7).wait(S).look(status);
        assert_eq!(idle, "1 s  0/s  no span is open");
    }

    #[test]
    fn a_summary_tells_the_end_the_peaks_the_stages_and_what_was_left_open() {
        let script = podcast().ends(EndKind::Lost).wait(60 * S);
        insta::assert_snapshot!("summary", script.look(summary).join("\n"));
    }

    #[test]
    fn of_many_that_run_or_wait_the_first_are_named() {
        let status_of = |threads: u32| {
            let script = Script::default().process("web", 7);
            let names = (2..=threads).map(|id| (id, format!("worker-{id}")));
            let script = names.fold(script, |script, (id, name)| script.thread(id, &name));
            let script = (1..=threads).fold(script, |script, id| script.start(id, "work"));
            script.look(|scene| innermost(scene, 3))
        };
        assert_eq!(status_of(3), ["work 0.0 s"; 3]);
        assert_eq!(status_of(4)[3..], ["1 more thread"]);
        assert_eq!(status_of(6)[3..], ["3 more threads"]);
        let waiting = |functions: usize| {
            let script = Script::default().process("web", 7);
            let names = (0..functions).map(|index| format!("f{index}"));
            let script = names.fold(script, |script, name| script.create(1, &name));
            script.ends(EndKind::Lost).look(left_open).concat()
        };
        assert_eq!(waiting(0), "");
        assert_eq!(waiting(2), "waiting at the end: f0, f1");
        assert!(waiting(8).ends_with(", f6, f7"));
        assert!(waiting(9).ends_with(", f7, 1 more function"));
        assert!(waiting(10).ends_with(", f7, 2 more functions"));
    }

    #[test]
    fn counters_and_tasks_are_told() {
        let mut script = Script::default().process("web", 7).thread(2, "tokio");
        script = script.start(1, "accept");
        for _ in 0..12 {
            script = script.create(1, "handle").count("requests", 3.0, false).wait(S / 10);
        }
        script = script.count("queue", 9.0, true).count("queue", 2.5, true).end(1);
        assert_eq!(
            script.look(status),
            "1 s  0/s  queue 2.500  requests 36 (30/s)  12 tasks wait"
                .replace("0/s  queue", "1/s  queue")
        );
        let summary = script.ends(EndKind::Lost).look(summary);
        assert_eq!(
            summary[3..],
            [
                "gauge queue  2.500  peak 9",
                "counter requests  36",
                "waiting at the end: handle ×12"
            ]
        );
    }
}
