//! How a worker is: what its log and its lock tell, and whether it has done anything lately.

use super::Worker;
use crate::death::Death;
use ferret::event::{LogTime, ProcessState};
use ferret::projections::Process;

/// In which state a worker is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// As the log says, or its lock.
    Is(ProcessState),
    /// It lives, and has done nothing for long.
    Zombie,
}

impl State {
    pub(crate) fn is_alive(self) -> bool {
        match self {
            Self::Is(state) => state.is_live(),
            Self::Zombie => true,
        }
    }
}

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Is(state) => state.fmt(f),
            Self::Zombie => f.write_str("zombie"),
        }
    }
}

impl Worker {
    /// The state at `now`; a worker that has done nothing for `zombie_after_ns` is a zombie. None of one that is
    /// known from the store alone, which has its name.
    pub(crate) fn state(&self, now: LogTime, zombie_after_ns: u64) -> Option<State> {
        self.process()?;
        let state = self.process_state(now);
        let is_zombie = self.idle_ns(now).is_some_and(|idle| idle >= zombie_after_ns);
        Some(if is_zombie { State::Zombie } else { State::Is(state) })
    }

    /// The state that its log and its lock tell.
    pub(crate) fn process_state(&self, now: LogTime) -> ProcessState {
        let process = self.process();
        let now = now.min(self.seen);
        process.map_or(ProcessState::Unknown, |process| process.state(self.owned, now))
    }

    /// For how long it has done nothing; none while a span is open, or when it has ended.
    pub(crate) fn idle_ns(&self, now: LogTime) -> Option<u64> {
        let process = self.process()?;
        let live = self.live();
        let open = live.map_or(0, |live| live.open_spans() + live.unpolled());
        if open > 0 || !self.process_state(now).is_live() {
            return None;
        }
        process.quiet_since().map(|since| now.min(self.seen).since(since))
    }

    /// How it died, if it crashed.
    pub(crate) fn death(&self, now: LogTime) -> Option<Death> {
        self.folded.death(self.process_state(now))
    }

    /// The exit code, and the signal that ended it, as far as they are known.
    pub(crate) fn how_it_ended(&self) -> (Option<i32>, Option<i32>) {
        self.folded.how_it_ended()
    }

    /// What its last panic said, as far as this process has read its log.
    pub(crate) fn last_panic(&self) -> Option<&str> {
        self.changes.last_panic.as_deref()
    }

    /// Takes over what is to be kept of its state.
    pub(crate) fn note_state(&mut self, now: LogTime, zombie_after_ns: u64) {
        let Some(state) = self.state(now, zombie_after_ns) else { return };
        let (exit_code, signal) = self.how_it_ended();
        let heard = self.process().map(Process::last_heard);
        let ended_ms = heard.filter(|_| !state.is_alive()).and_then(|at| self.unix_ms(at));
        let (name, death) = (state.to_string(), self.death(now).map(|death| death.how()));
        let kept = &mut self.kept;
        let is_as_before = kept.state == name
            && (kept.exit_code, kept.signal, kept.ended_ms) == (exit_code, signal, ended_ms)
            && kept.death == death;
        if is_as_before {
            return;
        }
        (kept.state, kept.exit_code, kept.signal) = (name, exit_code, signal);
        (kept.ended_ms, kept.death) = (ended_ms, death);
        self.is_new = true;
    }
}
