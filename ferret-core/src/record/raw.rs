//! Raw events: what a thread writes into its chunk, and the recorder reads out of it.
//!
//! An event is one or more 16-byte slots. Slot 0 is ticks (u64), then kind (the low 8 bits) and
//! callsite (the high 24) in one u32, then an argument (u32). Fixed width, because encoding anything
//! shorter costs the host more than it saves: 8-byte records were measured at 0.98 × the time.
//!
//! The chunk lies in memory that other processes read after a crash, so nothing here is a
//! Rust enum or holds a pointer: [`Kind::of`] answers `None` for bytes no kind has.

use crate::event::{CallsiteId, Outcome};

/// 16 bytes, the unit of a chunk.
pub(super) type Slot = [u64; 2];

/// What a raw event says. The numbers are part of the flight buffer's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    /// The thread's first event. Argument: its tid. `callsite` is the length of its name in bytes, at most
    /// [`MAX_THREAD_NAME`]. Then the name.
    ThreadStart = 1,
    /// Its last.
    ThreadEnd = 2,
    /// A span of `callsite` began.
    Start = 3,
    /// The span whose START is at the position that is [`short`] for this (argument) ended.
    EndOk = 4,
    EndErr = 5,
    EndPanicked = 6,
    /// An async span began; it is no frame of this thread until entered.
    TaskStart = 7,
    /// A poll began. Slot 1: the span (thread, position).
    Enter = 8,
    /// The poll whose ENTER is there (argument) ended.
    Exit = 9,
    /// An async span ended. Slot 1: the span, and its polls ([`with_polls`]). Callsite and argument: [`begin`].
    TaskOk = 10,
    TaskErr = 11,
    TaskPanicked = 12,
    TaskCancelled = 13,
    /// A tag of the innermost span; `callsite` is its key. Argument: type (high 8 bits), length
    /// of the payload in bytes (low 24). Then the payload.
    Tag = 14,
    /// Slot 1: done, total.
    Progress = 15,
    /// `callsite` is the mark.
    Mark = 16,
    /// `callsite` is the key. Argument: 1 for a gauge. Slot 1: the f64's bits, 0.
    Counter = 17,
    /// Argument: the short position of the innermost recorded span still open, as far as the
    /// thread knows, or [`NO_SPAN`]. `callsite` is 1 if ENDs were lost too: then what was opened
    /// behind that position has ended. Slot 1: spans, busy ticks.
    Dropped = 18,
    /// An async span was made, under the one in slot 1, or where that is [`HERE`] under the innermost
    /// frame of this thread, or under none for [`NOWHERE`]. It begins later. Without a `callsite` it
    /// is none but a place: what is begun while it is entered is begun there.
    Created = 19,
    /// The async span in slot 1, which was made before, begins.
    TaskBegin = 20,
    /// As `Tag`, of the span in slot 1. Then the payload.
    TagOf = 21,
    /// What was allocated and freed while the innermost frame was that. It has no time. Slot 1: bytes
    /// allocated, bytes freed; slot 2: allocations in the high half and frees in the low, then by how
    /// many bytes the heap grew at most.
    Alloc = 22,
}

/// Slot 1 of a [`Kind::Created`] whose parent is the innermost frame of its thread. Thread 0 is the
/// recorder's own, which writes no raw event.
pub(super) const HERE: Slot = [0, 0];
/// Slot 1 of a [`Kind::Created`] that has no parent.
pub(super) const NOWHERE: Slot = [0, 1];

/// Longer names of threads are cut, bytes.
pub(super) const MAX_THREAD_NAME: usize = 240;

/// Stands for no span, where a short position is expected. No position has it.
pub(super) const NO_SPAN: u32 = u32::MAX;

/// In the same place: the span was skipped.
pub(super) const SKIPPED: u32 = NO_SPAN - 1;

/// A position as its thread knows it, short: the low half of twice the position. That is where its slot
/// is in units of eight bytes, which a processor scales for nothing; sixteen it does not, and of two
/// instructions for it in each event none would do anything else.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the low half is meant")]
pub(super) const fn short(position: u64) -> u32 {
    (position << 1) as u32
}

/// How many positions the short one `from` lies before `to`.
#[inline(always)]
pub(super) const fn between(from: u32, to: u32) -> u32 {
    to.wrapping_sub(from) >> 1
}

impl Kind {
    const ALL: [Self; 22] = [
        Self::ThreadStart,
        Self::ThreadEnd,
        Self::Start,
        Self::EndOk,
        Self::EndErr,
        Self::EndPanicked,
        Self::TaskStart,
        Self::Enter,
        Self::Exit,
        Self::TaskOk,
        Self::TaskErr,
        Self::TaskPanicked,
        Self::TaskCancelled,
        Self::Tag,
        Self::Progress,
        Self::Mark,
        Self::Counter,
        Self::Dropped,
        Self::Created,
        Self::TaskBegin,
        Self::TagOf,
        Self::Alloc,
    ];

    /// By number: not every number is one.
    const BY_NUMBER: [Option<Self>; 32] = {
        let mut kinds = [None; 32];
        let mut index = 0;
        while index < Self::ALL.len() {
            kinds[Self::ALL[index] as usize] = Some(Self::ALL[index]);
            index += 1;
        }
        kinds
    };

    /// The kind a slot's word names.
    #[inline]
    pub(super) fn of(word: u32) -> Option<Self> {
        Self::BY_NUMBER.get((word & 0xff) as usize).copied().flatten()
    }

    /// The END of a span on its own thread.
    #[inline]
    pub(super) fn end(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Ok | Outcome::Unknown => Self::EndOk,
            Outcome::Err => Self::EndErr,
            // A sync span cannot be cancelled: whoever says so dropped it by unwinding.
            Outcome::Panicked | Outcome::Cancelled => Self::EndPanicked,
        }
    }

    /// How a span of this thread's own ended, by its END; none for what ends no span.
    #[inline]
    pub(super) fn outcome(self) -> Option<Outcome> {
        #[expect(clippy::wildcard_enum_match_arm, reason = "the others end no span")]
        match self {
            Self::EndOk => Some(Outcome::Ok),
            Self::EndErr => Some(Outcome::Err),
            Self::EndPanicked => Some(Outcome::Panicked),
            _ => None,
        }
    }

    /// Whether slot 1 names an async span that begins or ends, or is told of.
    pub(super) fn is_of_task(self) -> bool {
        self.task_outcome() != Outcome::Unknown || matches!(self, Self::TaskBegin | Self::TagOf)
    }

    /// How an async span ended, by its END.
    pub(super) fn task_outcome(self) -> Outcome {
        match self {
            Self::TaskOk => Outcome::Ok,
            Self::TaskErr => Outcome::Err,
            Self::TaskPanicked => Outcome::Panicked,
            Self::TaskCancelled => Outcome::Cancelled,
            Self::ThreadStart
            | Self::ThreadEnd
            | Self::Start
            | Self::EndOk
            | Self::EndErr
            | Self::EndPanicked
            | Self::TaskStart
            | Self::Enter
            | Self::Exit
            | Self::Tag
            | Self::Progress
            | Self::Mark
            | Self::Counter
            | Self::Dropped
            | Self::Created
            | Self::TaskBegin
            | Self::TagOf
            | Self::Alloc => Outcome::Unknown,
        }
    }

    /// The END of an async span.
    pub(super) fn task_end(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Ok | Outcome::Unknown => Self::TaskOk,
            Outcome::Err => Self::TaskErr,
            Outcome::Panicked => Self::TaskPanicked,
            Outcome::Cancelled => Self::TaskCancelled,
        }
    }
}

/// Kind and callsite, as slot 0 has them.
#[inline(always)]
pub(super) const fn word(kind: Kind, callsite: u32) -> u32 {
    (callsite << 8) | kind as u32
}

/// Slot 0 of an event, its word being known.
#[inline(always)]
pub(super) fn head_of(ticks: u64, word: u32, argument: u32) -> Slot {
    [ticks, u64::from(word) | (u64::from(argument) << 32)]
}

/// Slot 0 of an event.
#[inline(always)]
pub(super) fn head(ticks: u64, kind: Kind, callsite: u32, argument: u32) -> Slot {
    head_of(ticks, word(kind, callsite), argument)
}

/// Kind and callsite, and the argument, of slot 0.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the low half is the word")]
pub(super) fn halves(slot: Slot) -> (u32, u32) {
    (slot[1] as u32, (slot[1] >> 32) as u32)
}

/// Whether a word is of this kind.
#[inline]
pub(super) fn is(word: u32, kind: Kind) -> bool {
    word & 0xff == kind as u32
}

/// A word's callsite.
#[inline]
pub(super) fn callsite(word: u32) -> CallsiteId {
    CallsiteId(word >> 8)
}

/// The low 56 bits of the ticks at which an async span began, as its END has them in the place of callsite and
/// argument; 0 if it did not, or its START says so. The thread that began one may not have been read when its END
/// is, on another.
pub(super) fn begin(ticks: u64) -> (u32, u32) {
    let low = u32::try_from(ticks & 0xff_ffff).unwrap_or(0);
    (low, u32::try_from((ticks >> 24) & 0xffff_ffff).unwrap_or(0))
}

/// The name of an async span as its END has it, with how often it was polled, as far as that could be said: the thread's
/// high half is free.
pub(super) fn with_polls([thread, position]: Slot, polls: u32) -> Slot {
    [thread | (u64::from(polls) << 32), position]
}

/// The async span that slot 1 names, as thread and position, and of an END its polls.
#[expect(clippy::cast_possible_truncation, reason = "halves")]
pub(super) fn task_of(slots: &[Slot]) -> (u32, u64, u32) {
    let [thread, position] = slots.get(1).copied().unwrap_or_default();
    (thread as u32, position, (thread >> 32) as u32)
}

/// Slot 0, taken apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) ticks: u64,
    pub(super) kind: Kind,
    pub(super) callsite: CallsiteId,
    pub(super) argument: u32,
}

impl Head {
    /// `None` for a slot that no event begins with.
    #[inline]
    pub(super) fn of(slot: Slot) -> Option<Self> {
        let (word, argument) = halves(slot);
        Some(Self { ticks: slot[0], kind: Kind::of(word)?, callsite: callsite(word), argument })
    }

    /// When the async span began that this ends: see [`begin`]. 2^56 ticks are half a year and more.
    pub(super) fn begun(&self) -> Option<u64> {
        let low = u64::from(self.callsite.0) | u64::from(self.argument) << 24;
        let ago = self.ticks.wrapping_sub(low) & ((1 << 56) - 1);
        (low != 0).then(|| self.ticks.saturating_sub(ago))
    }

    /// How many slots the event has, this one included.
    #[inline]
    pub(super) fn slots(&self) -> usize {
        match self.kind {
            Kind::ThreadEnd
            | Kind::Start
            | Kind::EndOk
            | Kind::EndErr
            | Kind::EndPanicked
            | Kind::TaskStart
            | Kind::Exit
            | Kind::Mark => 1,
            Kind::Enter
            | Kind::TaskOk
            | Kind::TaskErr
            | Kind::TaskPanicked
            | Kind::TaskCancelled
            | Kind::Progress
            | Kind::Counter
            | Kind::Dropped
            | Kind::Created
            | Kind::TaskBegin => 2,
            Kind::Alloc => 3,
            Kind::ThreadStart => 1 + (self.callsite.0 as usize).div_ceil(16),
            Kind::Tag => 1 + self.payload_slots(),
            Kind::TagOf => 2 + self.payload_slots(),
        }
    }

    /// How many slots a tag's value takes.
    fn payload_slots(&self) -> usize {
        ((self.argument & 0xff_ffff) as usize).div_ceil(16)
    }
}

/// Puts bytes into slots, which are zero and enough; gives how many there are.
pub(super) fn put_bytes(slots: &mut [Slot], bytes: &[u8]) -> usize {
    for (slot, chunk) in slots.iter_mut().zip(bytes.chunks(16)) {
        let mut padded = [0u8; 16];
        padded[..chunk.len()].copy_from_slice(chunk);
        let whole = u128::from_le_bytes(padded);
        #[expect(clippy::cast_possible_truncation, reason = "the low half is meant")]
        let low = whole as u64;
        *slot = [low, (whole >> 64) as u64];
    }
    bytes.len()
}

/// The bytes that were put into slots.
pub(super) fn bytes_of(slots: &[Slot], length: usize) -> Vec<u8> {
    slots.iter().flatten().flat_map(|half| half.to_le_bytes()).take(length).collect()
}
