//! What a thread says of its memory: see `record/heap.rs`.

use super::Local;
use crate::record::engine::STATE;
use std::sync::atomic::Ordering;

impl Local {
    /// Says what has been allocated since this was last said, before the innermost frame changes.
    /// Where there is no room it is said later, of a frame below, so the totals of those stay right;
    /// if none is left it is in the table alone. While a loss waits to be said it waits too, or the
    /// loss would not stand where it belongs.
    #[inline(never)]
    pub(in crate::record) fn say_heap(&self) {
        self.heap.spill();
        let Some(event) = self.heap.event() else { return };
        if STATE.load(Ordering::Relaxed) != self.state.get() {
            // There is no frame that it could be said of.
            return self.heap.said();
        }
        if self.loss.is_pending() {
            return;
        }
        if self.cursor.room(3).is_none() {
            self.next_chunk();
        }
        if let Some(room) = self.cursor.room(3) {
            self.cursor.push_all(room, &event);
            self.heap.said();
        }
    }
}
