//! The page in lines: the function, the span, its figures, how long calls took, when they were, and
//! the slowest and the latest one by one.

use super::super::board::Scene;
use super::super::functions::bars;
use super::super::headline::Tone;
use super::super::wording::{Mood, Told};
use super::Facts;
use crate::{analyze, format, text};
use ferret::event::CallsiteInfo;
use ferret::projections::{FunctionCalls, OpenFunction, SpreadClass, TimeColumn};

/// A line: pieces one behind the other.
pub(crate) type Line = Vec<(Tone, String)>;

const PLAIN: Tone = Tone::Mood(Mood::Plain);
/// A figure's name, the figure, and the blanks behind it.
const LABEL: usize = 11;
const FIGURE: usize = 9;
const GAP: usize = 2;
/// A class of durations, its calls and their share.
const CLASS: usize = 18;
const COUNT: usize = 20;
/// What stands before bars over time, and behind them.
const BEFORE: usize = 8;
const BEHIND: usize = 20;

/// The lines for so many columns. Of a span that has ended since, what was known last.
pub(super) fn lines(
    scene: &Scene,
    info: &CallsiteInfo,
    (span, is_over): (&[String], bool),
    facts: Option<&Facts>,
    width: usize,
) -> Vec<Line> {
    let mut lines = vec![vec![(Tone::Name, name(info))]];
    let place = format!("{}, {}:{}", analyze::kind(info.kind), info.file, info.line);
    lines.push(vec![(Tone::Faint, place)]);
    if is_over {
        lines.push(vec![(Tone::Mood(Mood::Warn), "it has ended; last it was".to_owned())]);
    }
    for fact in span.iter().filter(|fact| !fact.is_empty()) {
        lines.extend(wrap(fact, width).into_iter().map(|line| vec![(PLAIN, line)]));
    }
    let Some(facts) = facts else {
        lines.push(Vec::new());
        lines.push(vec![(Tone::Faint, "its calls are being read from the log …".to_owned())]);
        return lines;
    };
    let open = open(scene, info);
    match &facts.function {
        Some(function) => lines.extend(figures(function, open, width)),
        None if open.calls > 0 => lines.push(vec![(Tone::Faint, is_open(open))]),
        None => lines.push(vec![(Tone::Faint, "no call of it has ended".to_owned())]),
    }
    if !facts.spread.is_empty() {
        heading(&mut lines, "How long calls took");
        lines.extend(spread(&facts.spread, width));
        lines.extend(over_time(facts, scene, width));
    }
    for (title, calls) in [("Slowest", &facts.slowest), ("Latest", &facts.latest)] {
        if !calls.is_empty() {
            heading(&mut lines, &format!("{title} {}", calls.len()));
            lines.extend(calls.iter().map(|call| of_call(call, width)));
        }
    }
    lines
}

/// `module::name`; a name that is a sentence stands alone.
fn name(info: &CallsiteInfo) -> String {
    if info.module.is_empty() {
        info.name.clone()
    } else {
        format!("{}::{}", info.module, info.name)
    }
}

/// The same with where it is, in a line.
pub(crate) fn place(info: &CallsiteInfo) -> String {
    let at = format!("{}  {}:{}", name(info), info.file, info.line);
    at.replace(char::is_control, "\u{fffd}")
}

fn heading(lines: &mut Vec<Line>, title: &str) {
    lines.push(Vec::new());
    lines.push(vec![(Tone::Name, title.to_owned())]);
}

/// What of the function is open now.
fn open(scene: &Scene, info: &CallsiteInfo) -> OpenFunction {
    let live = &scene.board.live;
    let mut all = live.open_functions(|log| scene.names(log), |log| scene.moment(log)).into_iter();
    all.find(|(of, _)| *of == info).map(|(_, open)| open).unwrap_or_default()
}

fn is_open(open: OpenFunction) -> String {
    let ns = format::age(open.ns);
    format!("no call of it has ended; {} open, for {ns} in all", format::count(open.calls))
}

/// The figures, as many in a line as there is room for.
fn figures(function: &FunctionCalls, open: OpenFunction, width: usize) -> Vec<Line> {
    let totals = &function.totals;
    let bad = |count: u64| if count > 0 { Tone::Mood(Mood::Bad) } else { PLAIN };
    let count = |name, count: u64| (name, PLAIN, format::short_count(count));
    let time = |name, ns: u64| (name, PLAIN, format::duration(ns));
    let mut all = vec![
        count("calls", totals.calls),
        ("errors", bad(totals.errors), format::short_count(totals.errors)),
        ("panics", bad(totals.panics), format::short_count(totals.panics)),
        count("cancelled", totals.cancelled),
        count("open", open.calls),
        time("total", totals.total_ns),
        time("self", totals.self_ns),
    ];
    if function.is_async {
        all.push(time("busy", function.busy_ns));
        all.push(time("idle", function.idle_ns));
        all.push(count("polls", totals.polls));
        all.push(time("longest", totals.longest_poll_ns));
    }
    if let Some(stats) = &function.durations {
        all.push(time("mean", stats.mean_ns));
        all.push(time("min", stats.min_ns));
        all.push(time("p50", stats.p50_ns));
        all.push(time("p90", stats.p90_ns));
        all.push(time("p95", stats.p95_ns));
        all.push(time("p99", stats.p99_ns));
        all.push(time("max", stats.max_ns));
    }
    for (name, number) in
        [("unknown", totals.unknown), ("lost below", totals.dropped), ("counted", totals.sampled)]
    {
        if number > 0 {
            all.push(count(name, number));
        }
    }
    let across = ((width + GAP) / (LABEL + FIGURE + GAP)).max(1);
    let figure = |(at, (name, tone, figure)): (usize, &(&str, Tone, String))| {
        let gap = " ".repeat(if at == 0 { 0 } else { GAP });
        let name = gap + &text::pad(name, LABEL);
        [(Tone::Faint, name), (*tone, text::pad_left(figure, FIGURE))]
    };
    let row = |row: &[(&str, Tone, String)]| row.iter().enumerate().flat_map(figure).collect();
    [Vec::new()].into_iter().chain(all.chunks(across).map(row)).collect()
}

/// A bar for each class of durations.
fn spread(classes: &[SpreadClass], width: usize) -> Vec<Line> {
    let most = classes.iter().map(|class| class.count).max().unwrap_or(0).max(1);
    let all: u128 = classes.iter().map(|class| u128::from(class.count)).sum();
    let room = width.saturating_sub(CLASS + COUNT).clamp(1, 60);
    let row = |class: &SpreadClass| {
        let range = format!("{} – {}", round(class.from_ns), text::pad(&round(class.until_ns), 7));
        let permille = u128::from(class.count) * 1_000 / all.max(1);
        let share = format!("{}.{} %", permille / 10, permille % 10);
        let count = format!(
            "{}{}",
            text::pad_left(&format::count(class.count), COUNT - 9),
            text::pad_left(&share, 9)
        );
        let bar = text::pad(&bar(class.count, most, room), room);
        vec![
            (Tone::Faint, text::pad_left(&range, CLASS)),
            (Tone::Mood(Mood::Good), bar),
            (PLAIN, count),
        ]
    };
    classes.iter().map(row).collect()
}

/// A bar of so many eighths of a column; none is never drawn as some, nor some as none.
fn bar(count: u64, most: u64, columns: usize) -> String {
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (u128::from(count) * columns as u128 * 8).div_ceil(u128::from(most));
    let eighths = usize::try_from(eighths).unwrap_or(usize::MAX).min(columns * 8);
    "█".repeat(eighths / 8) + PARTS[eighths % 8]
}

/// A round duration in few letters: `20 µs`, `5 s`, `200 s`.
fn round(ns: u64) -> String {
    match ns {
        u64::MAX => "∞".to_owned(),
        0..1_000 => format!("{ns} ns"),
        1_000..1_000_000 => format!("{} µs", ns / 1_000),
        1_000_000..1_000_000_000 => format!("{} ms", ns / 1_000_000),
        1_000_000_000.. => format!("{} s", format::short_count(ns / 1_000_000_000)),
    }
}

/// Calls, errors and durations from the run's beginning to now.
fn over_time(facts: &Facts, scene: &Scene, width: usize) -> Vec<Line> {
    let room = width.saturating_sub(BEFORE + BEHIND).max(10);
    let (column_ns, columns) = facts.over_time.columns(scene.last_moment(), room);
    let mut lines = Vec::new();
    heading(&mut lines, &format!("Over time, a column is {}", format::duration(column_ns)));
    let mut row = |name: &str, tone, of: fn(&TimeColumn) -> u64, word: fn(u64) -> String| {
        let values: Vec<u64> = columns.iter().map(of).collect();
        let most = values.iter().copied().max().unwrap_or(0);
        if most > 0 {
            let most = format!("  {} at most", word(most));
            let name = (Tone::Faint, text::pad(name, BEFORE));
            lines.push(vec![name, (tone, bars(&values)), (Tone::Faint, most)]);
        }
    };
    row("calls", Tone::Mood(Mood::Good), |column| column.calls, format::short_count);
    row("errors", Tone::Mood(Mood::Bad), |column| column.errors, format::short_count);
    row("p95", PLAIN, |column| column.p95_ns, format::duration);
    row("max", PLAIN, |column| column.max_ns, format::duration);
    // Below the first column and the last.
    let begins = facts.begins.split('.').next().unwrap_or_default().trim();
    let between = columns.len().checked_sub(text::width(begins) + 4);
    let now = between.map(|blanks| format!(" {}now", " ".repeat(blanks))).unwrap_or_default();
    let axis = format!("{}{begins}{now}", " ".repeat(BEFORE));
    lines.push(vec![(Tone::Faint, axis)]);
    lines
}

/// A call: when, how long, where, how, what it said.
fn of_call(call: &Told, width: usize) -> Line {
    let time = if width >= 70 { &*call.time } else { call.time.get(..8).unwrap_or(&call.time) };
    let thread = text::pad(&call.thread, (width / 6).clamp(8, 24));
    let mut line = vec![
        (Tone::Faint, time.to_owned()),
        (PLAIN, text::pad_left(&call.took, 9) + "  "),
        (Tone::Faint, thread),
    ];
    if !call.outcome.is_empty() {
        line.push((Tone::Mood(call.mood), format!("  {}", call.outcome)));
    }
    if !call.detail.is_empty() {
        line.push((PLAIN, format!("  {}", call.detail)));
    }
    line
}

/// A text in lines of so many columns, divided at blanks.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if text::width(line) + 1 + text::width(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
