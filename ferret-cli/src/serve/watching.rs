//! Alerts beside the fleet that is served: the same parts of logs, the same workers, once a second.

use crate::alert::{Alerts, AlertsReport, Notice, Noticed, Said, worker_now};
use crate::fleet::{Event, See, Severity, WallClock, What, Worker, unix_ms};
use ferret::event::{LogTime, Names, Part, ProcessUid};
use ferret::log;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Between two looks, ns.
const TICK_NS: u64 = 1_000_000_000;

/// How long sinks may take when it is stopped.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Rules at work, for the fleet and for who asks what they say.
#[derive(Clone, Debug)]
pub(super) struct Watching {
    /// None once it is stopped.
    alerts: Arc<Mutex<Option<Alerts>>>,
    next: LogTime,
    /// The clock of this boot, fixed: wall time may be set, and windows go on.
    clock: WallClock,
    boot: String,
    /// What has been said of sinks.
    said: Arc<Mutex<Said>>,
}

impl Watching {
    pub(super) fn new(alerts: Alerts) -> Self {
        // Where it is not to be had, logs say their own wall time.
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        Self {
            alerts: Arc::new(Mutex::new(Some(alerts))),
            next: LogTime(0),
            clock: WallClock::at(log::now(), unix_ms().saturating_mul(1_000_000)),
            boot: boot.trim().to_owned(),
            said: Arc::default(),
        }
    }

    /// Logs of this boot have its clock.
    fn clock_of(&self, worker: &Worker) -> Option<WallClock> {
        let is_here = worker.tail().is_some_and(|tail| tail.info().boot_id == self.boot);
        if is_here { Some(self.clock) } else { worker.clock() }
    }

    /// What the rules say now; none once it is stopped.
    pub(super) fn report(&self, now_ms: u64) -> Option<AlertsReport> {
        let alerts = self.alerts.lock();
        alerts.as_ref().map(|alerts| alerts.report(now_ms.saturating_mul(1_000_000)))
    }

    /// Tells what waits to be told, and lets the sinks deliver it.
    pub(super) fn stop(&self) {
        let Some(mut alerts) = self.alerts.lock().take() else { return };
        alerts.finish(self.clock.unix_ns(log::now()));
        self.said.lock().say(&alerts.stop(LAST_WORDS));
    }
}

impl See for Watching {
    fn part(&mut self, worker: &Worker, names: &Names, part: Part<'_>) {
        let clock = self.clock_of(worker);
        let mut alerts = self.alerts.lock();
        if let (Some(alerts), Some(clock)) = (alerts.as_mut(), clock) {
            alerts.see_part(worker.kept.uid, clock, names, part);
        }
    }

    fn round(&mut self, workers: &BTreeMap<ProcessUid, Worker>, now: LogTime) -> Vec<Event> {
        if now < self.next {
            return Vec::new();
        }
        self.next = now.after(TICK_NS);
        let mut alerts = self.alerts.lock();
        let Some(alerts) = alerts.as_mut() else { return Vec::new() };
        let wants = alerts.wants();
        let here = workers.values().filter_map(|worker| {
            let (tail, clock) = (worker.tail()?, self.clock_of(worker)?);
            let now = clock.log_time(self.clock.unix_ns(now.min(worker.seen())));
            worker_now(worker.folded(), tail, worker.owned(), clock, now, wants)
        });
        let here: Vec<_> = here.collect();
        let notices = alerts.tick(self.clock.unix_ns(now), &here);
        self.said.lock().say(&alerts.sinks());
        notices.iter().map(event).collect()
    }
}

/// As it stands among what happened.
fn event(notice: &Notice) -> Event {
    let who = notice.subjects.iter().find_map(|line| line.who.as_ref());
    let (what, severity) = match notice.what {
        Noticed::Resolved => (What::Resolved, Severity::Info),
        Noticed::Firing | Noticed::Happened => (What::Alert, notice.severity),
    };
    Event {
        number: 0,
        at_ms: notice.at_ms,
        what,
        severity,
        worker: who.map(|who| who.worker),
        program: who.map(|who| who.program.clone()),
        text: notice.text.clone(),
    }
}
