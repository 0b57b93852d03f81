//! The sink that starts a command for each message: the message on its standard input as JSON, and in its environment.
//! A command that takes too long is killed, and with it all that it started in its process group.

use super::{Deliver, End, Failure, Sent, json};
use crate::alert::rules::CommandSink;
use crate::text::cut;
use rustix::process::{Pid, Signal, kill_process_group};
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// A command.
pub(super) struct Command {
    sink: CommandSink,
}

impl Command {
    pub(super) fn new(sink: CommandSink) -> Self {
        Self { sink }
    }
}

/// Looks at a command that runs: soon at first, then rarely.
const FIRST_LOOK: Duration = Duration::from_millis(1);
const LAST_LOOK: Duration = Duration::from_millis(50);
/// So long before the end a command is killed.
const MARGIN: Duration = Duration::from_millis(200);
/// What of its complaints is told.
const COMPLAINT: u64 = 4_096;

impl Deliver for Command {
    fn deliver(&mut self, sent: &Sent<'_>, end: End<'_>) -> Result<(), Failure> {
        let Some((program, arguments)) = self.sink.command.split_first() else {
            return Err(Failure::refusal("there is no command"));
        };
        let told =
            |what: &str, error: std::io::Error| Failure::new(format!("{program}: {what}: {error}"));
        // Files, not pipes: a command that reads nothing, or says much, holds nobody up.
        let mut input = tempfile::tempfile().map_err(|error| told("its input", error))?;
        let mut complaints = tempfile::tempfile().map_err(|error| told("its output", error))?;
        let text = json(sent).map_err(|error| told("its input", error))?;
        let written = writeln!(input, "{text}").and_then(|()| input.seek(SeekFrom::Start(0)));
        written.map_err(|error| told("its input", error))?;
        let stderr = complaints.try_clone().map_err(|error| told("its output", error))?;
        let mut command = std::process::Command::new(program);
        let command = command
            .args(arguments)
            .envs(environment(sent))
            .stdin(input)
            .stdout(Stdio::null())
            .stderr(stderr)
            .process_group(0);
        let mut child = command.spawn().map_err(|error| told("it cannot be started", error))?;
        let status =
            wait(&mut child, self.sink.timeout, end).map_err(|error| told("waiting", error))?;
        let said = complaint(&mut complaints);
        match status {
            Ended::Itself(status) if status.success() => Ok(()),
            Ended::Itself(status) => Err(Failure::new(format!("{program}: {status}{said}"))),
            Ended::TimedOut => {
                let timeout = self.sink.timeout;
                Err(Failure::new(format!("{program}: killed after {timeout:?}{said}")))
            }
            Ended::Stopped => {
                Err(Failure::new(format!("{program}: killed as ferret was stopped{said}")))
            }
        }
    }
}

/// What a command finds in its environment.
fn environment(sent: &Sent<'_>) -> [(&'static str, String); 8] {
    let notice = sent.notice;
    let subject = notice.subjects.first().map(|line| line.subject.clone());
    let count = notice.subjects.len() as u64 + notice.left_out;
    [
        ("FERRET_ALERT_WHAT", notice.what.name().to_owned()),
        ("FERRET_ALERT_RULE", notice.rule.clone()),
        ("FERRET_ALERT_SEVERITY", notice.severity.name().to_owned()),
        ("FERRET_ALERT_AT", notice.rfc3339()),
        ("FERRET_ALERT_TEXT", notice.text.clone()),
        ("FERRET_ALERT_SUBJECT", subject.unwrap_or_default()),
        ("FERRET_ALERT_COUNT", count.to_string()),
        ("FERRET_ALERT_LOST_BEFORE", sent.lost_before.to_string()),
    ]
}

/// How a command came to its end.
enum Ended {
    Itself(ExitStatus),
    TimedOut,
    /// By the end of this program, which its time went beyond.
    Stopped,
}

/// Waits for its end, and kills it if that does not come in time.
fn wait(child: &mut Child, timeout: Duration, end: End<'_>) -> std::io::Result<Ended> {
    #[expect(clippy::disallowed_methods, reason = "times its own waiting")]
    let began = Instant::now();
    let mut look = FIRST_LOOK;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Ended::Itself(status));
        }
        // Before the end, since then nobody is left to kill it.
        let is_end = end().is_some_and(|end| began + began.elapsed() + MARGIN >= end);
        let is_late = began.elapsed() >= timeout;
        if is_late || is_end {
            // It has not been waited for, so its group is still its own. That it is gone already is as good.
            kill_process_group(Pid::from_child(child), Signal::KILL).unwrap_or(());
            child.wait()?;
            return Ok(if is_late { Ended::TimedOut } else { Ended::Stopped });
        }
        std::thread::sleep(look);
        look = (look * 2).min(LAST_LOOK);
    }
}

/// The beginning of what it complained of.
fn complaint(file: &mut File) -> String {
    let mut bytes = Vec::new();
    let read =
        file.seek(SeekFrom::Start(0)).and_then(|_| file.take(COMPLAINT).read_to_end(&mut bytes));
    let text = String::from_utf8_lossy(&bytes);
    let text = cut(text.trim(), 200);
    if read.is_err() || text.is_empty() { String::new() } else { format!(": {text}") }
}
