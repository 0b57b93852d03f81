//! The callsites of `tracing`, as ours: one for each span, event and field there is in the program.

use crate::event::CallsiteKind;
use crate::record::{Callsite, Names, keep_out};
use once_cell::race::OnceRef;
use tracing_core::Metadata;
use tracing_core::field::Field;

/// A span or an event in the source.
#[derive(Debug)]
pub(super) struct Site {
    metadata: &'static Metadata<'static>,
    /// Of a span.
    callsite: Callsite,
    /// Of an event: a mark for each message. Without one it is its level and the names of its fields.
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
        // What is known of an event that says nothing, or may not be told.
        let fields: String =
            metadata.fields().iter().flat_map(|field| [" ", field.name()]).collect();
        let unsaid: &'static str = Box::leak(format!("{}{fields}", metadata.level()).into());
        Self {
            metadata,
            callsite: Callsite::new(metadata.name(), module, file, line, CallsiteKind::Async),
            messages: Names::new(unsaid, module, file, line, CallsiteKind::Mark),
            keys: metadata.fields().iter().map(key).collect(),
        }
    }

    pub(super) fn callsite(&'static self) -> &'static Callsite {
        &self.callsite
    }

    pub(super) fn messages(&'static self) -> &'static Names {
        &self.messages
    }

    pub(super) fn key(&'static self, field: &Field) -> Option<&'static Callsite> {
        self.keys.get(field.index())
    }
}

/// More sites than this are not told apart from nothing: large programs have some thousand.
const MAX_SITES: usize = 1 << 14;

/// Open addressing over slots that are written once, as in [`Names`], and for the same reasons: a
/// lock would be one word that all threads write for every span, and could be taken when the program
/// forks. What is not used is not touched.
static SITES: [OnceRef<'static, Site>; MAX_SITES] = [const { OnceRef::new() }; MAX_SITES];

/// The site of some metadata: made when it is first seen and kept for ever, since ids in a log are.
/// None if there are too many.
pub(super) fn of(metadata: &'static Metadata<'static>) -> Option<&'static Site> {
    let first = std::ptr::from_ref(metadata).addr() / align_of::<Metadata<'_>>();
    // Made at most once a call, for the first slot that was seen empty.
    let mut made: Option<&'static Site> = None;
    for step in 0..MAX_SITES {
        let slot = &SITES[first.wrapping_add(step) % MAX_SITES];
        if slot.get().is_none() {
            let site = *made.get_or_insert_with(|| {
                let _kept_out = keep_out();
                Box::leak(Box::new(Site::of(metadata)))
            });
            // If another thread was faster, its site is looked at like any other.
            let _taken: Result<(), ()> = slot.set(site);
        }
        if let Some(site) = slot.get()
            && std::ptr::eq(site.metadata, metadata)
        {
            return Some(site);
        }
    }
    None
}
