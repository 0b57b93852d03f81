//! The newtypes that every layer names things by. Raw integers appear only in the codec.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Nanoseconds of the boot-time clock (`CLOCK_BOOTTIME`), which counts suspend. Processes of one
/// boot share it, so their logs align exactly; `ProcessStart` ties it to wall time.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct LogTime(pub u64);

impl LogTime {
    /// Nanoseconds from `earlier` to `self`; 0 if `earlier` is later.
    #[inline]
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The time `ns` nanoseconds after this one, saturating.
    #[must_use]
    #[inline]
    pub fn after(self, ns: u64) -> Self {
        Self(self.0.saturating_add(ns))
    }
}

/// An entry's number in its log: from 0, without gaps, in commit order.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Offset(pub u64);

impl Offset {
    /// The offset `n` entries further on.
    #[must_use]
    #[inline]
    pub fn plus(self, n: u64) -> Self {
        Self(self.0 + n)
    }
}

/// A raw event's number in its thread, from 0.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Position(pub u64);

impl Position {
    /// The next position.
    #[must_use]
    #[inline]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// A thread's number in its process, in order of first span. 0 is the recorder's own, under which
/// entries that belong to no thread are filed.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct ThreadId(pub u32);

impl ThreadId {
    /// The recorder's own thread.
    pub const RECORDER: Self = Self(0);
}

/// A callsite's number in its process, from 1, in order of first use. 0 stands for none.
/// At most 2^24 - 1: a raw event has 24 bits for it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct CallsiteId(pub u32);

impl CallsiteId {
    /// In an [`LogEntry::Heap`](super::LogEntry::Heap), the whole process.
    pub const PROCESS: Self = Self(0);
}

/// A node of the process's call tree: a callsite below its parent's path. 0 is the root, above
/// every first span.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct PathId(pub u32);

impl PathId {
    /// The root: no span is open.
    pub const ROOT: Self = Self(0);
}

/// One execution of a callsite, named within its process by the thread and the position of its
/// START. Unique for the life of the process.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct SpanId {
    /// The thread that wrote the START.
    pub thread: ThreadId,
    /// The START's position in that thread.
    pub start: Position,
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.thread.0, self.start.0)
    }
}

/// 128 random bits that name one process, wherever and whenever it ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcessUid(pub u128);

impl fmt::Display for ProcessUid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl ProcessUid {
    /// The first eight hex digits, as in file names.
    pub fn short(self) -> String {
        format!("{:08x}", self.0 >> 96)
    }
}

impl Serialize for ProcessUid {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for ProcessUid {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            u128::from_str_radix(&text, 16).map(Self).map_err(serde::de::Error::custom)
        } else {
            u128::deserialize(deserializer).map(Self)
        }
    }
}

/// A log's number among those read together: processes are told apart by it, since one process
/// writes one log. A reader's own, never stored.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct LogIndex(pub usize);

/// Names a family: all logs of one run. A hash of the head file's device, inode and birth time.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct RunId(pub u32);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}
