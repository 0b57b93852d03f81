//! Recorder and log together: what a reader decodes is what was folded.

use crate::event::{LogEntry, Offset};
use crate::log::testing::{Encoder, decode};
use crate::record::fold_tests::{acts, folded, how};
use proptest::prelude::*;

proptest! {
    #[test]
    fn bytes_say_what_was_folded(acts in acts(), how in how()) {
        let (mut told, mut encoder) = folded(&acts, Encoder::new(Offset(0)), how);
        encoder.seal();
        let read = decode(encoder.sealed().1, Offset(0)).unwrap();
        let read: Vec<_> =
            read.into_iter().map(|entry| (entry.thread, entry.time, entry.what)).collect();
        for (read, told) in read.iter().zip(&mut told) {
            // Of a frame that a keyframe only counts the log does not tell the path.
            if let (LogEntry::Dropped { path: None, .. }, LogEntry::Dropped { path, .. }) =
                (&read.2, &mut told.2)
            {
                *path = None;
            }
        }
        prop_assert_eq!(read, told);
    }
}
