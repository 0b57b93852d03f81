//! Rules beside a fleet: its parts of logs and its workers are handed to [`Alerts`], once for every second of wall time,
//! as a replay does.

use super::alerts::{Alerts, AlertsReport};
use super::notice::{Notice, What as Noticed};
use super::said::Said;
use super::sinks::SinkReport;
use super::worker::worker_now;
use crate::fleet::{Event, See, Severity, WallClock, What, Worker};
use ferret::event::{LogTime, Names, Part, ProcessUid};
use ferret::log;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Rules at work, for the fleet and for who asks what they say.
#[derive(Clone, Debug)]
pub(crate) struct Watching {
    /// None once it is stopped.
    alerts: Arc<Mutex<Option<Alerts>>>,
    /// Logs of this boot have its clock.
    clock: WallClock,
    /// The second of wall time that was looked at last.
    looked: u64,
    said: Arc<Mutex<Said>>,
}

/// Between two looks, ns.
const TICK_NS: u64 = 1_000_000_000;

impl Watching {
    pub(crate) fn new(alerts: Alerts) -> Self {
        Self {
            alerts: Arc::new(Mutex::new(Some(alerts))),
            clock: WallClock::of_this_boot(),
            looked: 0,
            said: Arc::default(),
        }
    }

    fn clock_of(&self, worker: &Worker) -> Option<WallClock> {
        let is_here = worker.tail().is_some_and(|tail| log::is_this_boot(&tail.info().boot_id));
        if is_here { Some(self.clock) } else { worker.clock() }
    }

    /// What the rules say now; none once it is stopped.
    pub(crate) fn report(&self, now_ms: u64) -> Option<AlertsReport> {
        let alerts = self.alerts.lock();
        alerts.as_ref().map(|alerts| alerts.report(now_ms.saturating_mul(1_000_000)))
    }

    /// How the sinks do; none once it is stopped.
    pub(crate) fn sinks(&self) -> Option<Vec<SinkReport>> {
        self.alerts.lock().as_ref().map(Alerts::sinks)
    }

    /// Tells what waits to be told, and lets the sinks deliver it for so long at most.
    pub(crate) fn stop(&self, within: Duration) {
        let Some(mut alerts) = self.alerts.lock().take() else { return };
        alerts.finish(self.clock.unix_ns(log::now()));
        self.said.lock().say(&alerts.stop(within));
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
        let now_ns = self.clock.unix_ns(now);
        // What a log says that was not yet read to its end is of the past.
        let is_unread = |worker: &Worker| worker.tail().is_some() && worker.seen() == LogTime(0);
        if now_ns / TICK_NS == self.looked || workers.values().any(is_unread) {
            return Vec::new();
        }
        self.looked = now_ns / TICK_NS;
        let mut alerts = self.alerts.lock();
        let Some(alerts) = alerts.as_mut() else { return Vec::new() };
        let wants = alerts.wants();
        let here = workers.values().filter_map(|worker| {
            let (tail, clock) = (worker.tail()?, self.clock_of(worker)?);
            let now = clock.log_time(self.clock.unix_ns(now.min(worker.seen())));
            worker_now(worker.folded(), tail, worker.owned(), clock, now, wants)
        });
        let here: Vec<_> = here.collect();
        let notices = alerts.tick(now_ns, &here);
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
