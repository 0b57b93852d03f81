//! The sink that sends mail.

use super::{Deliver, End, Failure, Sent};
use crate::alert::rules::{SmtpSink, Tls};
use anyhow::Context as _;
use jiff::tz::TimeZone;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls as Use, TlsParameters};
use lettre::{Message, SmtpTransport, Transport as _};

/// A mail server.
pub(super) struct Smtp {
    server: SmtpTransport,
    from: Mailbox,
    to: Vec<Mailbox>,
    zone: TimeZone,
}

impl Smtp {
    /// # Errors
    ///
    /// A secret is not to be had.
    pub(super) fn new(sink: &SmtpSink) -> anyhow::Result<Self> {
        let parameters = || {
            let made = TlsParameters::new(sink.host.clone());
            made.with_context(|| format!("TLS with {}", sink.host))
        };
        let (tls, port) = match sink.tls {
            Tls::Starttls => (Use::Required(parameters()?), 587),
            Tls::Wrapped => (Use::Wrapper(parameters()?), 465),
            Tls::None => (Use::None, 25),
        };
        let mut server = SmtpTransport::builder_dangerous(&sink.host)
            .tls(tls)
            .port(sink.port.unwrap_or(port))
            .timeout(Some(sink.timeout));
        if let Some((user, password)) = &sink.login {
            let user = user.get().context("the user of a mail server")?;
            let password = password.get().context("the password of a mail server")?;
            server = server.credentials(Credentials::new(user, password));
        }
        let (from, to, zone) = (sink.from.clone(), sink.to.clone(), TimeZone::system());
        Ok(Self { server: server.build(), from, to, zone })
    }
}

impl Deliver for Smtp {
    fn deliver(&mut self, sent: &Sent<'_>, _end: End<'_>) -> Result<(), Failure> {
        let notice = sent.notice;
        let what = notice.what.name();
        let subject = format!("[ferret] {} {what}: {}", notice.severity.name(), notice.rule);
        let mut lines = notice.lines(&self.zone);
        if sent.lost_before > 0 {
            lines.push(format!("{} messages before this one were lost", sent.lost_before));
        }
        lines.push(String::new());
        let body = lines.join("\r\n");
        let mut message =
            Message::builder().message_id(None).from(self.from.clone()).subject(subject);
        for to in &self.to {
            message = message.to(to.clone());
        }
        let message = message.header(ContentType::TEXT_PLAIN).body(body);
        let message = message.map_err(Failure::refusal)?;
        match self.server.send(&message) {
            Ok(_) => Ok(()),
            Err(error) if error.is_permanent() => Err(Failure::refusal(chain(&error))),
            Err(error) => Err(Failure::new(chain(&error))),
        }
    }
}

/// An error with its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}
