//! The one line about the whole run: which program, how it is, how long it has run, how fast it
//! makes spans, and whether any were lost.

use super::board::Scene;
use super::wording::{self, Mood};
use crate::format;
use ferret::event::LogIndex;
use ferret::projections::Process;

/// A piece of the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) text: String,
    pub(crate) tone: Tone,
    /// The higher, the sooner it is left out where there is no room; 0 never is.
    pub(crate) rank: u8,
}

/// How loud a piece is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Name,
    Mood(Mood),
    Faint,
}

impl Piece {
    fn new(rank: u8, tone: Tone, text: String) -> Self {
        Self { text, tone, rank }
    }
}

/// The pieces, in order.
pub(crate) fn pieces(scene: &Scene) -> Vec<Piece> {
    let plain = Tone::Mood(Mood::Plain);
    let Some((log, head)) = scene.head() else {
        let is_empty = scene.board.processes.iter().len() == 0;
        let text = if is_empty { "no entry yet" } else { "a log that has lost its beginning" };
        return vec![Piece::new(0, Tone::Name, text.to_owned())];
    };
    let mut pieces = vec![Piece::new(0, Tone::Name, wording::process_name(head, false))];
    if scene.board.processes.iter().len() > 1 {
        pieces.push(how_many(scene));
    } else {
        pieces.extend(how_it_is(scene, log, head));
    }
    if let Some(began) = scene.began() {
        let elapsed = wording::seconds(scene.last_moment().since(began));
        pieces.push(Piece::new(1, plain, elapsed));
    }
    let spans = format::count(sum(scene, |process| process.spans.started));
    let at_least = if scene.past.is_some() { "≥" } else { "" };
    pieces.push(Piece::new(4, plain, format!("{at_least}{spans} spans")));
    let rate = format::short_count(spans_per_second(scene));
    pieces.push(Piece::new(2, plain, format!("{rate}/s")));
    let dropped = sum(scene, |process| process.dropped);
    let (rank, tone) = if dropped > 0 { (1, Tone::Mood(Mood::Bad)) } else { (2, Tone::Faint) };
    pieces.push(Piece::new(rank, tone, format!("dropped {}", format::short_count(dropped))));
    let errors = sum(scene, |process| process.spans.errors + process.spans.panics);
    if errors > 0 {
        let errors = format!("errors {}", format::short_count(errors));
        pieces.push(Piece::new(3, Tone::Mood(Mood::Bad), errors));
    }
    let damaged: u64 = scene.board.logs.iter().map(|log| log.damaged).sum();
    if damaged > 0 {
        let damaged = format!("log damaged in {damaged} places");
        pieces.push(Piece::new(1, Tone::Mood(Mood::Bad), damaged));
    }
    pieces.extend(what_is_gone(scene));
    pieces
}

/// Of which part of the run nothing is shown.
fn what_is_gone(scene: &Scene) -> Vec<Piece> {
    let mut pieces = Vec::new();
    // Of several logs the one that tells from the latest moment on.
    let reach = (0..).map(LogIndex).zip(&scene.board.logs);
    let reach = reach.filter_map(|(log, file)| Some((file.reach?, log)));
    if let Some((reach, log)) = reach.max_by_key(|(reach, _)| reach.from) {
        let at = wording::time_of_day(scene, log, reach.from);
        let ago = format::age(scene.moment(log).since(reach.from));
        let seconds = at.split('.').next().unwrap_or_default().trim();
        let text = format!("from {seconds} on ({ago} ago), older entries were dropped");
        pieces.push(Piece::new(5, Tone::Faint, text));
    }
    let missed: u64 = scene.board.logs.iter().map(|log| log.missed).sum();
    if missed > 0 {
        let missed = format!("missed {} entries", format::short_count(missed));
        pieces.push(Piece::new(1, Tone::Mood(Mood::Bad), missed));
    }
    pieces
}

fn how_many(scene: &Scene) -> Piece {
    let all = scene.board.processes.iter();
    let count = all.len();
    let live = all.filter(|(log, _)| scene.state(*log).is_live()).count();
    let mood = if live > 0 { Mood::Good } else { Mood::Plain };
    Piece::new(0, Tone::Mood(mood), format!("{count} processes, {live} running"))
}

fn how_it_is(scene: &Scene, log: LogIndex, process: &Process) -> Vec<Piece> {
    let state = scene.state(log);
    let how = wording::state(process, state, scene.now);
    let how = Piece::new(0, Tone::Mood(wording::mood(state)), how);
    let pid = process
        .start
        .as_ref()
        .map(|start| Piece::new(3, Tone::Mood(Mood::Plain), format!("pid {}", start.pid)));
    pid.into_iter().chain([how]).collect()
}

/// The sum over all processes, as far as the run has been read.
pub(crate) fn sum(scene: &Scene, of: impl Fn(&Process) -> u64) -> u64 {
    scene.whole().processes.iter().map(|(_, process)| of(process)).sum()
}

/// Spans per second of all processes that live.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate, rounded")]
pub(crate) fn spans_per_second(scene: &Scene) -> u64 {
    let all = scene.board.processes.iter();
    let live = all.filter(|(log, _)| scene.state(*log).is_live());
    live.map(|(_, process)| process.spans_per_second(scene.now)).sum::<f64>().round() as u64
}
