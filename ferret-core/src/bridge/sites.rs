//! The callsites of `tracing`, as ours: one for each span, event and field there is in the program.

use crate::event::CallsiteKind;
use crate::record::{Callsite, Names, keep_out};
use parking_lot::RwLock;
use std::collections::HashMap;
use tracing_core::field::Field;
use tracing_core::{Metadata, callsite};

/// A span or an event in the source.
#[derive(Debug)]
pub(super) struct Site {
    /// Of a span.
    callsite: Callsite,
    /// Of an event: a mark for each message.
    messages: Names,
    /// By the field's index.
    keys: Vec<Callsite>,
}

impl Site {
    fn of(metadata: &'static Metadata<'static>) -> Self {
        let module = metadata.module_path().unwrap_or_else(|| metadata.target());
        let file = metadata.file().unwrap_or_default();
        let line = metadata.line().unwrap_or_default();
        let key = |field: Field| Callsite::new(field.name(), module, file, line, CallsiteKind::Key);
        Self {
            callsite: Callsite::new(metadata.name(), module, file, line, CallsiteKind::Async),
            messages: Names::new(metadata.name(), module, file, line, CallsiteKind::Mark),
            keys: metadata.fields().iter().map(key).collect(),
        }
    }

    pub(super) fn callsite(&'static self) -> &'static Callsite {
        &self.callsite
    }

    pub(super) fn messages(&'static self) -> &'static Names {
        &self.messages
    }

    /// The names of its fields.
    pub(super) fn fields(&'static self) -> String {
        let names: Vec<_> = self.keys.iter().map(Callsite::name).collect();
        names.join(" ")
    }

    pub(super) fn key(&'static self, field: &Field) -> Option<&'static Callsite> {
        self.keys.get(field.index())
    }
}

/// The site of some metadata: made when it is first seen and kept for ever, since ids in a log are.
/// There are as many as the source has spans and events.
pub(super) fn of(metadata: &'static Metadata<'static>) -> &'static Site {
    static SITES: RwLock<Option<HashMap<callsite::Identifier, &'static Site>>> = RwLock::new(None);
    let id = metadata.callsite();
    if let Some(site) = SITES.read().as_ref().and_then(|sites| sites.get(&id).copied()) {
        return site;
    }
    let _kept_out = keep_out();
    SITES
        .write()
        .get_or_insert_default()
        .entry(id)
        .or_insert_with(|| Box::leak(Box::new(Site::of(metadata))))
}
