//! The sink that sends mail: what a message looks like, and how long sending it may take in all. The conversation with
//! the server is in [`server`].

mod server;

use super::{Deliver, End, Failure, Sent};
use crate::alert::rules::SmtpSink;
use jiff::tz::TimeZone;
use lettre::Message;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use server::Server;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Mail to these.
pub(super) struct Smtp {
    server: Arc<Server>,
    from: Mailbox,
    to: Vec<Mailbox>,
    zone: TimeZone,
    /// How long sending one may take.
    longest: Duration,
    /// A conversation that took longer, and may still go on.
    stuck: Option<JoinHandle<()>>,
}

/// The timeout is of each answer: a server that always says something, and never all of it, has so many of them.
const TIMEOUTS: u32 = 6;

impl Smtp {
    /// # Errors
    ///
    /// A secret, or a certificate, is not to be had.
    pub(super) fn new(sink: &SmtpSink) -> anyhow::Result<Self> {
        Ok(Self {
            server: Arc::new(Server::new(sink)?),
            from: sink.from.clone(),
            to: sink.to.clone(),
            zone: TimeZone::system(),
            longest: sink.timeout * TIMEOUTS,
            stuck: None,
        })
    }

    fn message(&self, sent: &Sent<'_>) -> Result<Message, lettre::error::Error> {
        let notice = sent.notice;
        let what = notice.what.name();
        let subject = format!("[ferret] {} {what}: {}", notice.severity.name(), notice.rule);
        let mut lines = notice.lines(&self.zone);
        lines.extend(sent.losses());
        lines.push(String::new());
        let mut message =
            Message::builder().message_id(None).from(self.from.clone()).subject(subject);
        for to in &self.to {
            message = message.to(to.clone());
        }
        message.header(ContentType::TEXT_PLAIN).body(lines.join("\r\n"))
    }
}

impl Deliver for Smtp {
    fn deliver(&mut self, sent: &Sent<'_>, _end: End<'_>) -> Result<(), Failure> {
        let longest = self.longest;
        let stuck = self.stuck.take_if(|thread| thread.is_finished());
        drop(stuck);
        // There is never more than one.
        if self.stuck.is_some() {
            let why = "the mail server never comes to an end with the message before";
            return Err(Failure::new(why));
        }
        let message = self.message(sent).map_err(Failure::refusal)?;
        let (server, (sender, receiver)) = (Arc::clone(&self.server), sync_channel(1));
        let talk = move || {
            // Nobody may be there any more to hear it.
            sender.send(server.send(&message)).unwrap_or(());
        };
        let thread = std::thread::Builder::new().name("mail".to_owned()).spawn(talk);
        let thread = thread.map_err(Failure::new)?;
        match receiver.recv_timeout(longest) {
            Ok(done) => done,
            Err(RecvTimeoutError::Timeout) => {
                self.stuck = Some(thread);
                Err(Failure::new(format!("the mail server did not take it within {longest:?}")))
            }
            Err(RecvTimeoutError::Disconnected) => match thread.join() {
                Err(panic) => std::panic::resume_unwind(panic),
                Ok(()) => Err(Failure::new("the conversation with the mail server just ended")),
            },
        }
    }
}
