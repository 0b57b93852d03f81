//! `/api/events`: what happened, and `/api/alerts`.

use super::super::question;
use super::super::serving::Refusal;
use super::{Asked, Head, unreadable};
use crate::fleet::Event;
use serde::Serialize;

#[derive(Debug, Serialize)]
#[expect(clippy::struct_field_names, reason = "the list is called so in the document")]
pub(super) struct Events {
    #[serde(flatten)]
    head: Head,
    next: u64,
    left_out: u64,
    events: Vec<Row>,
}

#[derive(Debug, Serialize)]
pub(super) struct Alerts {
    #[serde(flatten)]
    head: Head,
    rules: Vec<serde_json::Value>,
    sinks: Vec<serde_json::Value>,
}

#[derive(Debug, Serialize)]
struct Row {
    number: u64,
    at_ms: u64,
    what: &'static str,
    severity: &'static str,
    worker: Option<String>,
    program: Option<String>,
    text: String,
}

impl Asked<'_> {
    /// Without rules there is nothing to say.
    pub(super) fn alerts(&self) -> Alerts {
        Alerts { head: self.head("alerts"), rules: Vec::new(), sinks: Vec::new() }
    }

    pub(super) fn events(&self, asked: &question::Events) -> Result<Events, Refusal> {
        self.require_known(&asked.scope)?;
        let range = asked.range.map(|range| range.at(self.now_ms));
        let wanted = |event: &Event| {
            let scope = &asked.scope;
            scope.worker.is_none_or(|id| event.worker == Some(id.0))
                && (scope.program.is_none() || scope.program == event.program)
                && range.is_none_or(|(from, to)| (from..=to).contains(&event.at_ms))
        };
        let store = &self.shared.store;
        // Before the events, so that none is passed over that comes meanwhile.
        let next = store.last_event().map_err(|error| unreadable(&error))?;
        let found =
            store.events(asked.after, asked.limit, wanted).map_err(|error| unreadable(&error))?;
        let (events, left_out) = found;
        let events = events.into_iter().map(|event| Row {
            number: event.number,
            at_ms: event.at_ms,
            what: event.what.name(),
            severity: event.severity.name(),
            worker: event.worker.map(|uid| uid.to_string()),
            program: event.program,
            text: event.text,
        });
        let events: Vec<Row> = events.collect();
        let next = events.last().map_or(next, |last| last.number.max(next));
        Ok(Events { head: self.head("events"), next, left_out, events })
    }
}
