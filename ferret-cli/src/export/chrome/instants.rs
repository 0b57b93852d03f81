//! What happens at one moment: marks, losses, jumps of the clock, and how a process ended.

use super::Chrome;
use super::ids::Track;
use ferret::event::{Entry, LogEntry, LogIndex, LogTime, Names, ThreadId};
use std::io::{self, Write};

impl Chrome {
    /// An instant of a thread, or of the whole process.
    fn instant(
        &mut self,
        log: LogIndex,
        name: &str,
        thread: Option<Track>,
        time: LogTime,
        args: &[(&str, serde_json::Value)],
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let track = thread.unwrap_or_else(|| self.ids.whole(log));
        let ns = self.ns(log, time);
        let mut event = self.events.event("i", name, track);
        event.category(Some("instant"));
        event.time("ts", ns);
        event.text("s", if thread.is_some() { "t" } else { "p" });
        event.args();
        for (key, value) in args {
            event.arg(key, value)?;
        }
        event.write(out)
    }

    /// What is of no span.
    pub(super) fn other(
        &mut self,
        log: LogIndex,
        names: &Names,
        entry: &Entry,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let is_late = self.follow.is_late(log, entry.time);
        match &entry.what {
            _ if !is_late => Ok(()),
            LogEntry::Mark { callsite, .. } => {
                let track = match entry.thread {
                    ThreadId::RECORDER => None,
                    thread => Some(self.track(log, names, thread, out)?),
                };
                let name = names.callsite_name(*callsite);
                self.instant(log, name, track, entry.time, &[], out)
            }
            LogEntry::Dropped { spans, busy_ns, .. } => {
                let track = self.track(log, names, entry.thread, out)?;
                let args = [("spans", (*spans).into()), ("busy_ns", (*busy_ns).into())];
                self.instant(log, "spans not recorded", Some(track), entry.time, &args, out)
            }
            LogEntry::Clock { jump_ns } => {
                let args = [("jump_ns", (*jump_ns).into())];
                self.instant(log, "the clock jumped", None, entry.time, &args, out)
            }
            LogEntry::ProcessEnd(_) | LogEntry::ProcessExit(_) => {
                let name = crate::entry_line::ending(&entry.what);
                self.instant(log, &name, None, entry.time, &[], out)
            }
            _ => Ok(()),
        }
    }
}
