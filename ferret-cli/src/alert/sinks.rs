//! Where messages go. Each sink has a thread and a queue of its own, so that none waits for another, and the rules for
//! none. What cannot be delivered is tried again, later and later; what does not fit is counted and said.

mod command;
mod smtp;
mod stdout;
mod trust;
mod webhook;

use super::notice::Notice;
use super::rules::{SinkKind, SinkRule};
use anyhow::Context as _;
use parking_lot::{Condvar, Mutex};
use serde::Serialize;
use std::any::Any;
use std::collections::VecDeque;
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Sinks at work.
#[derive(Debug)]
pub(crate) struct Sinks {
    all: Vec<Running>,
}

#[derive(Debug)]
struct Running {
    name: String,
    kind: &'static str,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Arc<Notice>>,
    /// A message is being delivered, or waits to be tried again.
    is_busy: bool,
    /// No more will come; by then it has to be done.
    until: Option<Instant>,
    is_over: bool,
    sent: u64,
    failed: u64,
    lost: u64,
    /// Of those, how many were not yet said.
    lost_unsaid: u64,
    /// The last try failed.
    is_failing: bool,
    last_error: Option<String>,
}

/// How a sink does.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct SinkReport {
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    /// Messages that were delivered.
    pub(crate) sent: u64,
    /// Tries that failed.
    pub(crate) failed: u64,
    pub(crate) waiting: u64,
    /// Messages that were not delivered and will not be.
    pub(crate) lost: u64,
    /// The last try failed.
    #[serde(skip)]
    pub(crate) is_failing: bool,
    pub(crate) last_error: Option<String>,
}

/// A message on its way, and how many were lost before it.
#[derive(Debug, Serialize)]
struct Sent<'a> {
    #[serde(flatten)]
    notice: &'a Notice,
    /// Messages to this sink that were lost since the one before.
    lost_before: u64,
}

impl Sent<'_> {
    /// A line that tells people what was lost before.
    fn losses(&self) -> Option<String> {
        let lost = crate::format::count(self.lost_before);
        match self.lost_before {
            0 => None,
            1 => Some("1 message before this one was lost".to_owned()),
            _ => Some(format!("{lost} messages before this one were lost")),
        }
    }
}

/// Why a message was not delivered.
#[derive(Debug)]
struct Failure {
    why: String,
    /// It will not go better later: the receiver does not want it.
    is_refusal: bool,
}

/// When a delivery must be over at the latest, asked while it goes on; none: nobody waits for its end yet.
type End<'a> = &'a dyn Fn() -> Option<Instant>;

/// Delivers messages.
trait Deliver: Send {
    /// # Errors
    ///
    /// It was not delivered.
    fn deliver(&mut self, sent: &Sent<'_>, end: End<'_>) -> Result<(), Failure>;
}

/// Messages that wait for one sink; the oldest are lost when there are more.
const QUEUE: usize = 1_000;
/// Between two tries, the first time and at most.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_mins(5);
/// What a receiver refuses so often is given up.
const REFUSALS: u32 = 3;

impl Failure {
    fn new(why: impl std::fmt::Display) -> Self {
        Self { why: why.to_string(), is_refusal: false }
    }

    fn refusal(why: impl std::fmt::Display) -> Self {
        Self { is_refusal: true, ..Self::new(why) }
    }
}

impl Sinks {
    /// Starts them.
    ///
    /// # Errors
    ///
    /// A secret is not to be had, or there is no thread.
    pub(crate) fn start(rules: &[SinkRule]) -> anyhow::Result<Self> {
        let start = |rule: &SinkRule| {
            let started = Running::start(rule, FIRST_WAIT);
            started.with_context(|| format!("sink {} cannot start", rule.name))
        };
        let all = rules.iter().map(start);
        Ok(Self { all: all.collect::<anyhow::Result<_>>()? })
    }

    /// Hands a message to the sinks that it is for. Never waits.
    pub(crate) fn send(&self, notice: &Notice) {
        let shared = Arc::new(notice.clone());
        for index in &notice.sinks {
            if let Some(sink) = self.all.get(*index) {
                sink.shared.push(Arc::clone(&shared));
            }
        }
    }

    /// How they do.
    pub(crate) fn reports(&self) -> Vec<SinkReport> {
        self.all.iter().map(Running::report).collect()
    }

    /// Lets them deliver what they have, for so long at most; how they did.
    pub(crate) fn stop(self, within: Duration) -> Vec<SinkReport> {
        let until = instant() + within;
        for sink in &self.all {
            sink.shared.state.lock().until = Some(until);
            sink.shared.changed.notify_all();
        }
        for sink in &self.all {
            let mut state = sink.shared.state.lock();
            while !state.is_over && !sink.shared.changed.wait_until(&mut state, until).timed_out() {
            }
            if !state.is_over {
                // It is in the middle of something, and nobody waits for it any longer.
                let left = state.queue.len() as u64 + u64::from(state.is_busy);
                state.queue.clear();
                state.is_busy = false;
                state.lost += left;
            }
        }
        self.reports()
    }
}

impl Running {
    fn start(rule: &SinkRule, first_wait: Duration) -> anyhow::Result<Self> {
        let deliver: Box<dyn Deliver> = match &rule.kind {
            SinkKind::Stdout(form) => Box::new(stdout::Stdout::new(*form)),
            SinkKind::Command(sink) => Box::new(command::Command::new(sink.clone())),
            SinkKind::Webhook(sink) => Box::new(webhook::Webhook::new(sink)?),
            SinkKind::Smtp(sink) => Box::new(smtp::Smtp::new(sink)?),
        };
        Self::spawn(rule, first_wait, deliver)
    }

    fn spawn(
        rule: &SinkRule,
        first_wait: Duration,
        deliver: Box<dyn Deliver>,
    ) -> anyhow::Result<Self> {
        let shared = Arc::new(Shared::default());
        let worker =
            Worker { shared: Arc::clone(&shared), deliver, retry_for: rule.retry_for, first_wait };
        let thread = std::thread::Builder::new().name(format!("sink {}", rule.name));
        // It says by itself when it is over, and nobody waits for one that is in the middle of something.
        thread.spawn(move || worker.run())?;
        Ok(Self { name: rule.name.clone(), kind: rule.kind.name(), shared })
    }

    fn report(&self) -> SinkReport {
        let state = self.shared.state.lock();
        SinkReport {
            name: self.name.clone(),
            kind: self.kind,
            sent: state.sent,
            failed: state.failed,
            waiting: state.queue.len() as u64 + u64::from(state.is_busy),
            lost: state.lost,
            is_failing: state.is_failing,
            last_error: state.last_error.clone(),
        }
    }
}

impl Shared {
    fn push(&self, notice: Arc<Notice>) {
        let mut state = self.state.lock();
        if state.queue.len() == QUEUE {
            state.queue.pop_front();
            state.lost += 1;
            state.lost_unsaid += 1;
        }
        state.queue.push_back(notice);
        self.changed.notify_all();
    }
}

/// What a sink's thread does.
struct Worker {
    shared: Arc<Shared>,
    deliver: Box<dyn Deliver>,
    retry_for: Duration,
    first_wait: Duration,
}

impl Worker {
    fn run(mut self) {
        while let Some((notice, lost_before)) = self.next() {
            self.send(&notice, lost_before);
        }
        self.shared.state.lock().is_over = true;
        self.shared.changed.notify_all();
    }

    /// The next message, when there is one; none when there will be none.
    fn next(&self) -> Option<(Arc<Notice>, u64)> {
        let mut state = self.shared.state.lock();
        loop {
            if let Some(notice) = state.queue.pop_front() {
                state.is_busy = true;
                return Some((notice, state.lost_unsaid));
            }
            if state.until.is_some() {
                return None;
            }
            self.shared.changed.wait(&mut state);
        }
    }

    /// Delivers a message, however often it has to be tried.
    fn send(&mut self, notice: &Notice, lost_before: u64) {
        let (began, mut wait, mut refusals) = (instant(), self.first_wait, 0);
        loop {
            let shared = &self.shared;
            let end = || shared.state.lock().until;
            let sent = Sent { notice, lost_before };
            // What a panic leaves half done is the sink's own, and it begins anew with every message.
            let done = catch_unwind(AssertUnwindSafe(|| self.deliver.deliver(&sent, &end)));
            let failure = match done {
                Ok(Ok(())) => {
                    let mut state = self.shared.state.lock();
                    state.is_busy = false;
                    state.sent += 1;
                    state.is_failing = false;
                    state.lost_unsaid -= lost_before.min(state.lost_unsaid);
                    return;
                }
                Ok(Err(failure)) => {
                    refusals += u32::from(failure.is_refusal);
                    failure
                }
                // It would do so again.
                Err(panic) => {
                    refusals = REFUSALS;
                    Failure::refusal(format!("the sink panicked: {}", said_by(&*panic)))
                }
            };
            let mut state = self.shared.state.lock();
            state.failed += 1;
            state.is_failing = true;
            state.last_error = Some(crate::text::cut(&failure.why, 300));
            let pause = jittered(wait);
            wait = (wait * 2).min(LONGEST_WAIT);
            let again = instant() + pause;
            let is_late = again.duration_since(began) > self.retry_for
                || state.until.is_some_and(|until| again > until);
            if is_late || refusals >= REFUSALS {
                state.is_busy = false;
                state.lost += 1;
                state.lost_unsaid += 1;
                return;
            }
            // A stop wakes it early, and the message is tried once more before the time is over.
            while instant() < again {
                let was_stopping = state.until.is_some();
                self.shared.changed.wait_until(&mut state, again);
                if !was_stopping && state.until.is_some() {
                    break;
                }
            }
        }
    }
}

/// What a panic said.
fn said_by(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it said nothing")
}

/// From half of it to all of it, so that those who failed together do not come back together.
fn jittered(wait: Duration) -> Duration {
    let dice = RandomState::new().hash_one(0_u8) % 1_000;
    wait / 2 + wait.mul_f64(f64::from(u32::try_from(dice).unwrap_or(0)) / 2_000.0)
}

#[expect(clippy::disallowed_methods, reason = "times its own waiting")]
fn instant() -> Instant {
    Instant::now()
}

/// The JSON of a message.
fn json(sent: &Sent<'_>) -> io::Result<String> {
    serde_json::to_string(sent).map_err(io::Error::from)
}

#[cfg(test)]
#[path = "sinks_tests.rs"]
mod tests;
