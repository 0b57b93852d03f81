//! The command that `ferret run` starts: spawning it, passing signals on to it, waiting for its
//! end. Knows nothing of logs.
//!
//! A terminal sends Ctrl-C and Ctrl-\ to its whole foreground group, so the child has them already
//! and ferret only has to outlive it. SIGTERM and SIGHUP reach ferret alone and are passed on. A
//! signal that ferret was started with ignored (`nohup`, a shell's background job) is left ignored,
//! because the child inherits exactly that.

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals as Incoming;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

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
    signals: Signals,
    start_ticks: u64,
}

/// The signals that ferret catches, from before there is a command to pass them on to and until
/// ferret itself ends.
#[derive(Debug)]
pub(crate) struct Signals {
    target: Arc<Mutex<Target>>,
}

/// Whom to pass signals on to.
#[derive(Debug)]
enum Target {
    /// The command is being started; these wait for it.
    Starting(Vec<Signal>),
    /// The pid is surely the command's, until it is about to be reaped.
    Alive(Pid),
    /// It ended then.
    Gone(Instant),
}

/// The Ctrl-C that ends the command comes to ferret at about the same time; one that comes later
/// than this after the command's end is meant for ferret.
const SAME_KEY: Duration = Duration::from_millis(500);

impl Signals {
    /// Begins to catch them.
    ///
    /// # Errors
    ///
    /// The system refuses handlers or a thread.
    pub(crate) fn catch() -> io::Result<Self> {
        let ignored = ignored_signals();
        let caught = [SIGTERM, SIGHUP, SIGINT, SIGQUIT]
            .into_iter()
            .filter(|signal| ignored & (1_u64 << (signal - 1)) == 0);
        // Handlers, unlike ignored signals, are not inherited through exec.
        let mut incoming = Incoming::new(caught)?;
        let target = Arc::new(Mutex::new(Target::Starting(Vec::new())));
        let signals = Self { target: Arc::clone(&target) };
        let forward = move || {
            for signal in incoming.forever() {
                lock(&target).receive(signal);
            }
        };
        thread::Builder::new().name("ferret-signals".to_owned()).spawn(forward)?;
        Ok(signals)
    }

    /// Starts `command`.
    ///
    /// # Errors
    ///
    /// It could not be started; the kind tells `NotFound` from the other reasons.
    pub(crate) fn spawn(self, command: &mut Command) -> io::Result<Running> {
        let child = command.spawn()?;
        let mut target = lock(&self.target);
        let waiting = std::mem::replace(&mut *target, Target::Alive(Pid::from_child(&child)));
        if let Target::Starting(signals) = waiting {
            for signal in signals {
                target.pass_on(signal);
            }
        }
        drop(target);
        Ok(Running { start_ticks: start_ticks(child.id()), child, signals: self })
    }
}

impl Target {
    fn receive(&mut self, number: i32) {
        match (&self, number) {
            (Self::Gone(since), _) if since.elapsed() > SAME_KEY => {
                std::process::exit(128 + number);
            }
            (_, SIGTERM) => self.pass_on(Signal::TERM),
            (_, SIGHUP) => self.pass_on(Signal::HUP),
            // The terminal has sent it to the command, too.
            _ => {}
        }
    }

    fn pass_on(&mut self, signal: Signal) {
        match self {
            Self::Starting(waiting) => waiting.push(signal),
            // It fails only for a program of another user (a setuid one), which we may not signal.
            Self::Alive(pid) => kill_process(*pid, signal).unwrap_or(()),
            Self::Gone(_) => {}
        }
    }
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
        // Dead but not reaped: its pid cannot be another process's yet.
        let dead = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while let Err(error) = waitid(WaitId::Pid(pid), dead) {
            if error != rustix::io::Errno::INTR {
                return Err(error.into());
            }
        }
        #[expect(clippy::disallowed_methods, reason = "tells one key press from the next")]
        let now = Instant::now();
        *lock(&self.signals.target) = Target::Gone(now);
        let status = self.child.wait()?;
        match (status.code(), status.signal()) {
            (Some(code), _) => Ok(Ended::Code(code)),
            (None, Some(signal)) => Ok(Ended::Signal(signal)),
            (None, None) => Err(io::Error::other(format!("it ended with {status}"))),
        }
    }
}

fn lock(target: &Mutex<Target>) -> MutexGuard<'_, Target> {
    target.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The signals this process was started with ignored, as the kernel's mask: bit N-1 for signal N.
pub(crate) fn ignored_signals() -> u64 {
    std::fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|status| {
            let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
            u64::from_str_radix(mask.trim(), 16).ok()
        })
        .unwrap_or(0)
}

/// Field 22 of `/proc/PID/stat`; the second field, a name in parentheses, may hold anything.
pub(crate) fn start_ticks(pid: u32) -> u64 {
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
        let signals = Signals::catch().unwrap();
        let running = signals.spawn(Command::new("sh").args(["-c", script])).unwrap();
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
        for (program, kind) in [
            ("/nonexistent/command", io::ErrorKind::NotFound),
            ("/", io::ErrorKind::PermissionDenied),
        ] {
            let started = Signals::catch().unwrap().spawn(&mut Command::new(program));
            assert_eq!(started.unwrap_err().kind(), kind, "{program}");
        }
    }
}
