//! A conversation with a mail server, from the connection to the end of a message. Nothing is told of a login but its
//! code: there are servers that repeat what they do not like.

use super::super::{Failure, trust};
use crate::alert::rules::{Authorities, SmtpSink, Tls};
use anyhow::Context as _;
use lettre::Message;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{
    Certificate, CertificateStore, SmtpConnection, TlsParameters,
};
use lettre::transport::smtp::extension::ClientId;
use std::io::ErrorKind;
use std::time::Duration;

/// A mail server.
pub(super) struct Server {
    host: String,
    port: u16,
    timeout: Duration,
    encryption: Encryption,
    ca: Option<Authorities>,
    login: Option<Credentials>,
}

/// When what is said begins to be secret.
enum Encryption {
    Never,
    /// Once the server was asked for it.
    Asked(TlsParameters),
    Always(TlsParameters),
}

impl Server {
    /// # Errors
    ///
    /// A secret, or a certificate, is not to be had.
    pub(super) fn new(sink: &SmtpSink) -> anyhow::Result<Self> {
        // In brackets it is an address in a URL, and nowhere else.
        let host = sink.host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let parameters = || {
            let mut made = TlsParameters::builder(host.clone());
            if let Some(ca) = &sink.ca {
                made = made.certificate_store(CertificateStore::None);
                for certificate in ca.read().context("the ca of a mail server")? {
                    made = made.add_root_certificate(Certificate::from_der(certificate)?);
                }
            }
            made.build().with_context(|| format!("TLS with {host}"))
        };
        let (encryption, port) = match sink.tls {
            Tls::Starttls => (Encryption::Asked(parameters()?), 587),
            Tls::Wrapped => (Encryption::Always(parameters()?), 465),
            Tls::None => (Encryption::Never, 25),
        };
        let mut login = None;
        if let Some((user, password)) = &sink.login {
            let user = user.get().context("the user of a mail server")?;
            let password = password.get().context("the password of a mail server")?;
            login = Some(Credentials::new(user, password));
        }
        let (port, timeout, ca) = (sink.port.unwrap_or(port), sink.timeout, sink.ca.clone());
        Ok(Self { host, port, timeout, encryption, ca, login })
    }

    /// Gives it a message.
    pub(super) fn send(&self, message: &Message) -> Result<(), Failure> {
        let failure = |error| self.failure(&error);
        let hello = ClientId::default();
        let wrapped = match &self.encryption {
            Encryption::Always(parameters) => Some(parameters),
            Encryption::Never | Encryption::Asked(_) => None,
        };
        let at = (self.host.as_str(), self.port);
        let connection = SmtpConnection::connect(at, Some(self.timeout), &hello, wrapped, None);
        let mut connection = connection.map_err(failure)?;
        if let Encryption::Asked(parameters) = &self.encryption {
            if !connection.can_starttls() {
                return Err(Failure::new(NO_STARTTLS));
            }
            connection.starttls(parameters, &hello).map_err(failure)?;
        }
        if let Some(login) = &self.login {
            let done = connection.auth(DEFAULT_MECHANISMS, login);
            done.map_err(|error| self.login_failure(&error))?;
        }
        connection.send(message.envelope(), &message.formatted()).map_err(failure)?;
        connection.abort();
        Ok(())
    }

    fn failure(&self, error: &Error) -> Failure {
        if is_timeout(error) {
            return Failure::new(format!("no answer from the mail server in {:?}", self.timeout));
        }
        let why = trust::advice(error, self.ca.as_ref()).unwrap_or_else(|| chain(error));
        if error.is_permanent() { Failure::refusal(why) } else { Failure::new(why) }
    }

    fn login_failure(&self, error: &Error) -> Failure {
        match error.status() {
            Some(code) => {
                let why =
                    format!("the mail server does not take the user and the password: {code}");
                if error.is_permanent() { Failure::refusal(why) } else { Failure::new(why) }
            }
            None if error.is_response() => {
                Failure::new("the mail server's answer to the login makes no sense")
            }
            None => self.failure(error),
        }
    }
}

const NO_STARTTLS: &str = "the mail server offers no STARTTLS, and is told nothing in clear: \
    if it wants TLS from the first byte on, write tls = \"tls\" and its port, often 465";

/// Whether a read or a write waited too long.
fn is_timeout(error: &Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        if matches!(kind, Some(ErrorKind::WouldBlock | ErrorKind::TimedOut)) {
            return true;
        }
        cause = error.source();
    }
    false
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
