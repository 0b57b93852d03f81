//! Which tags a span has, so that it has only so many.

use crate::event::CallsiteId;

/// Tags of other keys are counted, and said at the span's end.
const MAX_KEYS: usize = 32;

/// The keys that a span was tagged with. A key that is tagged again has a new value; it does not
/// count again. Nothing is allocated for a span without a tag.
#[derive(Debug, Default)]
pub(super) struct TagKeys(Option<Box<Keys>>);

#[derive(Debug, Default)]
struct Keys {
    keys: Vec<CallsiteId>,
    refused: u64,
}

impl TagKeys {
    /// Whether the span may have a tag of this key.
    pub(super) fn admit(&mut self, key: CallsiteId) -> bool {
        let known = self.0.get_or_insert_default();
        if known.keys.contains(&key) {
            return true;
        }
        if known.keys.len() == MAX_KEYS {
            known.refused += 1;
            return false;
        }
        known.keys.push(key);
        true
    }

    /// How many tags the span was refused.
    #[inline]
    pub(super) fn refused(&self) -> u64 {
        self.0.as_ref().map_or(0, |known| known.refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_beyond_the_bound_are_counted_and_known_ones_go_on() {
        let mut tags = TagKeys::default();
        assert!((1..=32).all(|key| tags.admit(CallsiteId(key))));
        assert!((33..=40).all(|key| !tags.admit(CallsiteId(key))));
        assert!(tags.admit(CallsiteId(7)));
        assert_eq!(tags.refused(), 8);
    }
}
