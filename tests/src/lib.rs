//! What the end-to-end tests share: the real binaries ([`ferret()`], [`example`]), waiting with a
//! deadline ([`until`]), a program on a pipe ([`Talker`]) and one in a terminal ([`Terminal`]), a
//! folder for logs ([`Place`]), a disk of a few megabytes ([`on_disk_of`]), a damaged log ([`damage_the_middle`]), a program that says what
//! its spans cost ([`Steady`]), reports looked into ([`analysis`], [`row`]), and what a program that is
//! killed has done ([`ledger`]).
//! The tests themselves, each file one concern, are in `tests/`.

mod binaries;
mod damage;
mod disk;
pub mod ledger;
mod place;
mod poll;
mod report;
mod steady;
mod talker;
mod terminal;

pub use binaries::{Output, example, ferret, output};
pub use damage::damage_the_middle;
pub use disk::{ballast, on_disk_of};
pub use place::Place;
pub use poll::{boot_time_ns, until};
pub use report::{analysis, counted, json, names, row, rows};
pub use steady::{Ran, Steady};
pub use talker::Talker;
pub use terminal::Terminal;

use std::time::Duration;

/// How long a test waits for what must happen, before it fails. Far more than it takes, because
/// a machine that builds at the same time is slow; no test's result depends on it.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// Whether tests hold that nothing published is lost. With `FERRET_KILLS_STRICT=0` what is missing is counted, and no
/// failure: to see what a build loses that does not promise it.
pub fn nothing_is_lost() -> bool {
    std::env::var("FERRET_KILLS_STRICT").as_deref() != Ok("0")
}
