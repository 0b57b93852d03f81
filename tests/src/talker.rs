//! A program on pipes, line by line: told what to do on its standard input, listened to on its
//! standard output.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};

use crate::PATIENCE;

/// A running program, killed when dropped.
#[derive(Debug)]
pub struct Talker {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Talker {
    /// Starts it. Its standard error is the test's.
    ///
    /// # Panics
    ///
    /// It cannot be started.
    pub fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("starting {command:?}: {error}"));
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
        let (sender, lines) = channel();
        std::thread::Builder::new()
            .name("talker".to_owned())
            .spawn(move || {
                for line in stdout.lines().map_while(Result::ok) {
                    if sender.send(line).is_err() {
                        break;
                    }
                }
            })
            .expect("a thread starts");
        Self { child, stdin, lines }
    }

    /// Its pid.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Writes a line to its standard input.
    ///
    /// # Panics
    ///
    /// It no longer reads.
    pub fn say(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().expect("stdin is open");
        writeln!(stdin, "{line}").expect("the program reads");
    }

    /// The next line it prints; none when it has closed its output.
    ///
    /// # Panics
    ///
    /// It prints nothing within [`PATIENCE`].
    pub fn hear(&mut self) -> Option<String> {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("no line within {PATIENCE:?}"),
        }
    }

    /// Reads lines until one is wanted, and returns what `wanted` made of it.
    ///
    /// # Panics
    ///
    /// Its output ends first.
    pub fn hear_until<T>(&mut self, what: &str, mut wanted: impl FnMut(&str) -> Option<T>) -> T {
        let mut heard = Vec::new();
        loop {
            let Some(line) = self.hear() else {
                panic!("output ended before {what}; it was:\n{}", heard.join("\n"));
            };
            if let Some(answer) = wanted(&line) {
                return answer;
            }
            heard.push(line);
        }
    }

    /// Sends it a signal.
    ///
    /// # Panics
    ///
    /// It is gone.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).expect("the program is there");
    }

    /// Whether it has ended.
    ///
    /// # Panics
    ///
    /// The system does not say.
    pub fn is_over(&mut self) -> bool {
        self.child.try_wait().expect("it can be waited for").is_some()
    }

    /// Closes its input and waits for its end.
    ///
    /// # Panics
    ///
    /// It does not end within [`PATIENCE`].
    pub fn end(mut self) -> ExitStatus {
        self.stdin = None;
        self.wait()
    }

    /// Waits for its end, with its input open: whatever ends it, it is not that.
    ///
    /// # Panics
    ///
    /// It does not end within [`PATIENCE`].
    pub fn wait(mut self) -> ExitStatus {
        crate::until("a program's end", || self.child.try_wait().expect("it can be waited for"))
    }
}

impl Drop for Talker {
    fn drop(&mut self) {
        // Fails only where it has ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
