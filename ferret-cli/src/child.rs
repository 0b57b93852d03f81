//! The command that `ferret run` starts: spawning it, passing signals on to it, waiting for its
//! end. Knows nothing of logs.
//!
//! A terminal sends Ctrl-C and Ctrl-\ to its whole foreground group, so the child has them already
//! and ferret only has to outlive it. SIGTERM and SIGHUP reach ferret alone and are passed on. A
//! signal that ferret was started with ignored (`nohup`, a shell's background job) is left ignored,
//! because the child inherits exactly that.

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// How the command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It exited with this code.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
}

impl Ended {
    /// The code a shell would give: 128 + N for signal N.
    pub(crate) fn shell_code(self) -> u8 {
        let code = match self {
            Self::Code(code) => code,
            Self::Signal(signal) => 128 + signal,
        };
        u8::try_from(code & 0xff).unwrap_or(u8::MAX)
    }
}

/// A started command.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    /// The child's pid for as long as it is surely the child's: until it is about to be reaped.
    signalled: Arc<Mutex<Option<Pid>>>,
    signals: Handle,
    start_ticks: u64,
}

/// Starts `command`.
///
/// # Errors
///
/// It could not be started (the kind tells `NotFound` from `PermissionDenied`), or signals could
/// not be caught.
pub(crate) fn spawn(command: &mut Command) -> io::Result<Running> {
    let ignored = ignored_signals();
    let caught = [SIGTERM, SIGHUP, SIGINT, SIGQUIT]
        .into_iter()
        .filter(|signal| ignored & (1_u64 << (signal - 1)) == 0);
    // Before the child exists, so that no signal falls in between; handlers, unlike ignored
    // signals, are not inherited through exec.
    let signals = Signals::new(caught)?;
    let child = command.spawn()?;
    let pid = Pid::from_child(&child);
    let running = Running {
        start_ticks: start_ticks(child.id()),
        child,
        signalled: Arc::new(Mutex::new(Some(pid))),
        signals: signals.handle(),
    };
    let signalled = Arc::clone(&running.signalled);
    thread::Builder::new()
        .name("ferret-signals".to_owned())
        .spawn(move || forward(signals, &signalled))?;
    Ok(running)
}

impl Running {
    /// The command's pid.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// When the kernel started it, clock ticks since boot; 0 if that could not be read. With the
    /// pid it names the process for good.
    pub(crate) fn start_ticks(&self) -> u64 {
        self.start_ticks
    }

    /// Waits for its end.
    ///
    /// # Errors
    ///
    /// The system does not say how it ended.
    pub(crate) fn wait(mut self) -> io::Result<Ended> {
        let pid = Pid::from_child(&self.child);
        // Not reaped yet: until `signalled` is empty its pid cannot be another process's.
        let dead = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while let Err(error) = waitid(WaitId::Pid(pid), dead) {
            if error != rustix::io::Errno::INTR {
                return Err(error.into());
            }
        }
        self.signalled.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.signals.close();
        let status = self.child.wait()?;
        match (status.code(), status.signal()) {
            (Some(code), _) => Ok(Ended::Code(code)),
            (None, Some(signal)) => Ok(Ended::Signal(signal)),
            (None, None) => Err(io::Error::other(format!("it ended with {status}"))),
        }
    }
}

fn forward(mut signals: Signals, target: &Mutex<Option<Pid>>) {
    for signal in signals.forever() {
        let signal = match signal {
            SIGTERM => Signal::TERM,
            SIGHUP => Signal::HUP,
            _ => continue,
        };
        let target = target.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pid) = *target {
            // It fails only for a program of another user (a setuid one), which we may not signal.
            kill_process(pid, signal).ok();
        }
    }
}

/// The signals this process was started with ignored, as the kernel's mask: bit N-1 for signal N.
fn ignored_signals() -> u64 {
    std::fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|status| {
            let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
            u64::from_str_radix(mask.trim(), 16).ok()
        })
        .unwrap_or(0)
}

/// Field 22 of `/proc/PID/stat`; the second field, a name in parentheses, may hold anything.
fn start_ticks(pid: u32) -> u64 {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .ok()
        .and_then(|stat| {
            let (_, after_name) = stat.rsplit_once(')')?;
            after_name.split_whitespace().nth(22 - 3)?.parse().ok()
        })
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(script: &str, expect: Ended, shell_code: u8) {
        let running = spawn(Command::new("sh").args(["-c", script])).unwrap();
        let ended = running.wait().unwrap();
        assert_eq!((ended, ended.shell_code()), (expect, shell_code), "{script}");
    }

    #[test]
    fn the_end_is_told_as_a_shell_tells_it() {
        check("exit 0", Ended::Code(0), 0);
        check("exit 42", Ended::Code(42), 42);
        check("kill -KILL $$", Ended::Signal(9), 137);
        check("kill -TERM $$", Ended::Signal(15), 143);
    }

    #[test]
    fn a_name_with_parentheses_does_not_confuse_the_start_time() {
        assert!(start_ticks(std::process::id()) > 0);
        assert_eq!(start_ticks(u32::MAX), 0);
    }

    #[test]
    fn a_command_that_is_not_there_says_so_by_its_kind() {
        let missing = spawn(&mut Command::new("/nonexistent/command")).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
        let no_program = spawn(&mut Command::new("/")).unwrap_err();
        assert_eq!(no_program.kind(), io::ErrorKind::PermissionDenied);
    }
}
