//! Alerts beside the fleet that is served: the same parts of logs, the same workers, once a second.

use crate::alert::{Alerts, AlertsReport, Notice, Noticed, worker_now};
use crate::fleet::{Event, See, Severity, What, Worker, unix_ms};
use ferret::event::{LogTime, Names, Part, ProcessUid};
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
}

impl Watching {
    pub(super) fn new(alerts: Alerts) -> Self {
        Self { alerts: Arc::new(Mutex::new(Some(alerts))), next: LogTime(0) }
    }

    /// What the rules say now; none once it is stopped.
    pub(super) fn report(&self, now_ms: u64) -> Option<AlertsReport> {
        let alerts = self.alerts.lock();
        alerts.as_ref().map(|alerts| alerts.report(now_ms.saturating_mul(1_000_000)))
    }

    /// Tells what waits to be told, and lets the sinks deliver it.
    pub(super) fn stop(&self) {
        let Some(mut alerts) = self.alerts.lock().take() else { return };
        alerts.finish(unix_ms().saturating_mul(1_000_000));
        // What was not delivered stood in the report as long as there was one to ask for it.
        alerts.stop(LAST_WORDS);
    }
}

impl See for Watching {
    fn part(&mut self, worker: &Worker, names: &Names, part: Part<'_>) {
        let mut alerts = self.alerts.lock();
        if let (Some(alerts), Some(clock)) = (alerts.as_mut(), worker.clock()) {
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
            let (tail, clock) = (worker.tail()?, worker.clock()?);
            let now = now.min(worker.seen());
            worker_now(worker.folded(), tail, worker.owned(), clock, now, wants)
        });
        let here: Vec<_> = here.collect();
        let notices = alerts.tick(unix_ms().saturating_mul(1_000_000), &here);
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
