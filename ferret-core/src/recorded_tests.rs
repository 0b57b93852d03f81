//! Recorder and log together: what a reader decodes is what was folded.

use crate::event::Offset;
use crate::log::testing::{Encoder, decode};
use crate::record::fold_tests::{acts, folded, how};
use proptest::prelude::*;

proptest! {
    #[test]
    fn bytes_say_what_was_folded(acts in acts(), how in how()) {
        let (told, mut encoder) = folded(&acts, Encoder::new(Offset(0)), how);
        encoder.seal();
        let read = decode(encoder.sealed().1, Offset(0)).unwrap();
        let read: Vec<_> =
            read.into_iter().map(|entry| (entry.thread, entry.time, entry.what)).collect();
        prop_assert_eq!(read, told);
    }
}
