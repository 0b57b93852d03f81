//! Who this process is: what `ProcessStart` says.

use super::clock;
use super::values;
use crate::event::{ProcessStart, ProcessUid};
use std::time::{SystemTime, UNIX_EPOCH};

/// Longer command lines are cut, bytes.
const MAX_ARGS: usize = 4096;

/// The process's own `ProcessStart`. What cannot be found out stays empty.
pub(super) fn process_start() -> ProcessStart {
    ProcessStart {
        uid: random_uid(),
        pid: std::process::id(),
        start_ticks: state("self").1.unwrap_or(0),
        host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        boot_id: read("/proc/sys/kernel/random/boot_id"),
        exe: std::env::current_exe()
            .map_or_else(|_unreadable| String::new(), |path| path.to_string_lossy().into_owned()),
        args: args(),
        unix_ns: unix_ns(),
        ferret: env!("CARGO_PKG_VERSION").to_owned(),
        span_cost: None,
    }
}

/// Whether a host of that name is this one: a machine, or a container with a name of its own.
#[cfg(feature = "read")]
pub(crate) fn is_this_host(name: &str) -> bool {
    rustix::system::uname().nodename().to_string_lossy() == name
}

fn random_uid() -> ProcessUid {
    let mut bytes = [0; 16];
    match rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::NONBLOCK) {
        Ok(filled) if filled == bytes.len() => ProcessUid(u128::from_le_bytes(bytes)),
        // Before the kernel's pool is seeded, early at boot: pid and time are unique on one host.
        _ => ProcessUid((u128::from(clock::now().0) << 64) | u128::from(std::process::id())),
    }
}

/// The state of a process, one letter, and when the kernel started it, clock ticks since boot: fields 3 and 22 of
/// `/proc/PID/stat` (proc(5)), counted from the end of the command name, which may hold anything.
pub(super) fn state(pid: &str) -> (Option<String>, Option<u64>) {
    let stat = read(&format!("/proc/{pid}/stat"));
    let Some((_, behind)) = stat.rsplit_once(')') else { return (None, None) };
    let mut fields = behind.split_whitespace();
    let state = fields.next().map(str::to_owned);
    (state, fields.nth(18).and_then(|ticks| ticks.parse().ok()))
}

fn read(path: &str) -> String {
    // Absent outside Linux and in some sandboxes.
    std::fs::read_to_string(path)
        .map_or_else(|_absent| String::new(), |text| text.trim().to_owned())
}

/// The command line; only the program's name where values are not recorded.
fn args() -> Vec<String> {
    let mut room = MAX_ARGS;
    std::env::args_os()
        .take(if values() { usize::MAX } else { 1 })
        .map(|arg| arg.to_string_lossy().into_owned())
        .take_while(|arg| {
            let fits = arg.len() <= room;
            room = room.saturating_sub(arg.len() + 1);
            fits
        })
        .collect()
}

#[expect(clippy::disallowed_methods, reason = "wall time, read once")]
fn unix_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
