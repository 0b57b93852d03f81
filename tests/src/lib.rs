//! What the end-to-end tests share: the real binaries ([`ferret`], [`example`]), waiting with a
//! deadline ([`until`]), a program on a pipe ([`Talker`]) and one in a terminal ([`Terminal`]), a
//! folder for logs ([`Place`]), reports looked into ([`analysis`], [`row`]).
//! The tests themselves, each file one concern, are in `tests/`.

mod binaries;
mod place;
mod poll;
mod report;
mod talker;
mod terminal;

pub use binaries::{Output, example, ferret, output};
pub use place::Place;
pub use poll::{boot_time_ns, until};
pub use report::{analysis, json, names, row, rows};
pub use talker::Talker;
pub use terminal::Terminal;

use std::time::Duration;

/// How long a test waits for what must happen, before it fails. Far more than it takes, because
/// a machine that builds at the same time is slow; no test's result depends on it.
pub const PATIENCE: Duration = Duration::from_secs(30);
