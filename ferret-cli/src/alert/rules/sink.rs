//! Where messages go, as the file says it.

use super::authorities::Authorities;
use super::fault::Faults;
use super::file::{NAMES, is_name};
use super::secret::Secret;
use super::table::{Table, secret_of};
use crate::when::parse_duration;
use lettre::message::Mailbox;
use std::net::IpAddr;
use std::ops::Range;
use std::time::Duration;

/// A sink.
#[derive(Clone, Debug)]
pub(crate) struct SinkRule {
    pub(crate) name: String,
    pub(crate) kind: SinkKind,
    /// What is not delivered by then is given up.
    pub(crate) retry_for: Duration,
}

#[derive(Clone, Debug)]
pub(crate) enum SinkKind {
    Stdout(Form),
    Command(CommandSink),
    Webhook(WebhookSink),
    Smtp(Box<SmtpSink>),
}

/// How a message is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Form {
    #[default]
    Text,
    Json,
}

/// A command that is started for each message.
#[derive(Clone, Debug)]
pub(crate) struct CommandSink {
    /// The program and its arguments; never empty.
    pub(crate) command: Vec<String>,
    pub(crate) timeout: Duration,
}

/// A URL that each message is posted to.
#[derive(Clone, Debug)]
pub(crate) struct WebhookSink {
    pub(crate) url: Secret,
    pub(crate) shape: Shape,
    pub(crate) headers: Vec<(String, Secret)>,
    /// Whose word on the server is trusted; the public authorities' if there are none.
    pub(crate) ca: Option<Authorities>,
    pub(crate) timeout: Duration,
}

/// What is posted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Shape {
    /// The message as ferret writes it.
    #[default]
    Json,
    /// As Slack takes it, and who does as Slack does.
    Slack,
}

/// A mail server.
#[derive(Clone, Debug)]
pub(crate) struct SmtpSink {
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
    pub(crate) tls: Tls,
    /// As of a webhook.
    pub(crate) ca: Option<Authorities>,
    pub(crate) login: Option<(Secret, Secret)>,
    pub(crate) from: Mailbox,
    pub(crate) to: Vec<Mailbox>,
    pub(crate) timeout: Duration,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tls {
    /// Begins in the clear, and goes on only if the server changes to TLS.
    #[default]
    Starttls,
    /// From the first byte.
    Wrapped,
    None,
}

type Read = fn(&mut Table<'_, '_>, &mut Faults<'_>) -> Option<SinkKind>;

const KINDS: [(&str, Read); 4] =
    [("stdout", stdout), ("command", command), ("webhook", webhook), ("smtp", smtp)];

/// How long a delivery may take, unless said.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long a delivery is tried, unless said.
const RETRY_FOR: Duration = Duration::from_hours(1);

impl SinkRule {
    /// The one that is there where the file names none.
    pub(crate) fn stdout(form: Form) -> Self {
        Self { name: "stdout".to_owned(), kind: SinkKind::Stdout(form), retry_for: RETRY_FOR }
    }

    pub(super) fn read(
        name: &str,
        mut table: Table<'_, '_>,
        faults: &mut Faults<'_>,
    ) -> Option<Self> {
        let kind = table.word("kind", &KINDS, faults);
        let at = table.at.clone();
        // It is said, and is the name of a thread.
        if !is_name(name) {
            faults.note(at.clone(), format!("a sink's name {NAMES}"));
        }
        let Some(kind) = kind else {
            faults.note(at, format!("sink {name:?} has no kind: stdout, command, webhook or smtp"));
            return None;
        };
        let kind = kind(&mut table, faults);
        let retry_for = table.duration("retry_for", faults).map(Duration::from_nanos);
        table.finish(faults);
        let retry_for = retry_for.unwrap_or(RETRY_FOR);
        Some(Self { name: name.to_owned(), kind: kind?, retry_for })
    }
}

impl SinkKind {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Stdout(_) => "stdout",
            Self::Command(_) => "command",
            Self::Webhook(_) => "webhook",
            Self::Smtp(_) => "smtp",
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "as the others are called")]
fn stdout(table: &mut Table<'_, '_>, faults: &mut Faults<'_>) -> Option<SinkKind> {
    let forms = [("text", Form::Text), ("json", Form::Json)];
    let form = table.word("form", &forms, faults).unwrap_or_default();
    Some(SinkKind::Stdout(form))
}

fn command(table: &mut Table<'_, '_>, faults: &mut Faults<'_>) -> Option<SinkKind> {
    let timeout = timeout(table, faults);
    let at = table.at.clone();
    let at_command = table.place("command");
    let is_text = table.is_text("command");
    let Some(words) = table.texts("command", faults) else {
        faults.note(at, "a command sink has a command = [\"/path/to/program\", \"argument\"]");
        return None;
    };
    let has_nul = |(word, _): &(&str, Range<usize>)| word.contains('\0');
    if words.first().is_none_or(|(program, _)| program.is_empty()) || words.iter().any(has_nul) {
        faults.note(at, "the command needs a program, and no word of it may hold a NUL");
        return None;
    }
    // What is in it may be a secret.
    if is_text && words.iter().any(|(word, _)| word.contains(char::is_whitespace)) {
        let why = "no shell takes this apart: write the program and its arguments as a list, command = [\"/path/to/program\", \"argument\"]";
        faults.note(at_command.unwrap_or(at), why);
        return None;
    }
    let command = words.into_iter().map(|(word, _)| word.to_owned()).collect();
    Some(SinkKind::Command(CommandSink { command, timeout }))
}

fn webhook(table: &mut Table<'_, '_>, faults: &mut Faults<'_>) -> Option<SinkKind> {
    let timeout = timeout(table, faults);
    let shapes = [("json", Shape::Json), ("slack", Shape::Slack)];
    let shape = table.word("shape", &shapes, faults).unwrap_or_default();
    let mut headers = Vec::new();
    if let Some(value) = table.take("headers") {
        let Some(all) = value.get_ref().as_table() else {
            faults.note(value.span(), "headers is a table, as in headers = { X-Key = \"…\" }");
            return None;
        };
        for (name, value) in all {
            let name_text: &str = name.get_ref();
            if ureq::http::HeaderName::from_bytes(name_text.as_bytes()).is_err() {
                faults.note(name.span(), format!("{name_text:?} is no name of a header"));
            } else if OF_THE_BODY.iter().any(|known| known.eq_ignore_ascii_case(name_text)) {
                let why = format!("{name_text} is told by itself, of each message");
                faults.note(name.span(), why);
            } else if let Some(secret) = secret_of(name_text, value, faults) {
                if let Secret::Plain(text) = &secret
                    && !is_header_value(text)
                {
                    faults.note(value.span(), format!("{name_text}: {NO_HEADER_VALUE}"));
                }
                headers.push((name_text.to_owned(), secret));
            }
        }
    }
    let at = table.at.clone();
    let Some((url, at_url)) = table.secret("url", faults) else {
        faults.note(at, "a webhook sink has a url = \"https://…\", or url = { env = \"NAME\" }");
        return None;
    };
    let ca = ca(table, faults);
    if let Secret::Plain(text) = &url {
        match check_url(text) {
            Err(why) => faults.note(at_url, why),
            Ok(uri) if uri.scheme_str() == Some("http") && ca.is_some() => {
                faults.note(at_url, "ca goes with a url that begins with https://");
            }
            Ok(_) => {}
        }
    }
    Some(SinkKind::Webhook(WebhookSink { url, shape, headers, ca, timeout }))
}

fn ca(table: &mut Table<'_, '_>, faults: &mut Faults<'_>) -> Option<Authorities> {
    let (path, at) = table.text("ca", faults)?;
    if path.is_empty() || path.contains('\0') {
        faults.note(at, "ca is a file of certificates, as in ca = \"/etc/ssl/certs/ours.pem\"");
        return None;
    }
    Some(Authorities::new(path))
}

/// Whether a header can have this value.
pub(crate) fn is_header_value(text: &str) -> bool {
    ureq::http::HeaderValue::from_str(text).is_ok()
}

pub(super) const NO_HEADER_VALUE: &str =
    "a header's value is of visible ASCII characters and blanks, in one line";

/// Headers that say how long a message is.
const OF_THE_BODY: [&str; 2] = ["Content-Length", "Transfer-Encoding"];

/// Says what is wrong with a URL; never the URL, which may be a secret.
///
/// # Errors
///
/// It is none that can be posted to.
pub(crate) fn check_url(text: &str) -> Result<ureq::http::Uri, &'static str> {
    let uri: ureq::http::Uri =
        text.parse().map_err(|_invalid| "this is no URL: write it like https://host/path")?;
    let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
    let has_host = uri.host().is_some_and(|host| !host.is_empty());
    if is_http && has_host {
        Ok(uri)
    } else {
        Err("a URL here begins with https:// or http:// and has a host")
    }
}

fn smtp(table: &mut Table<'_, '_>, faults: &mut Faults<'_>) -> Option<SinkKind> {
    let timeout = timeout(table, faults);
    let all = [("starttls", Tls::Starttls), ("tls", Tls::Wrapped), ("none", Tls::None)];
    let tls = table.word("tls", &all, faults).unwrap_or_default();
    let at = table.at.clone();
    let port = table.count("port", faults).and_then(|port| {
        let port = u16::try_from(port).ok().filter(|port| *port > 0);
        if port.is_none() {
            faults.note(at.clone(), "a port is a number from 1 to 65535");
        }
        port
    });
    let ca = ca(table, faults);
    if tls == Tls::None && ca.is_some() {
        faults.note(at.clone(), "ca goes with tls = \"starttls\" or \"tls\"");
    }
    let user = table.secret("user", faults);
    let password = table.secret("password", faults);
    if let Some((Secret::Plain(_), at)) = &password {
        let way = "a password does not stand in this file: password = { env = \"NAME\" }, or { file = \"/path\" }";
        faults.note(at.clone(), way);
    }
    if user.is_some() != password.is_some() {
        faults.note(at.clone(), "a user comes with a password, and a password with a user");
    }
    let mailbox = |text: &str| {
        // Whoever writes a mail takes them for granted, and panics.
        let is_clean = !text.contains(char::is_control);
        text.parse::<Mailbox>().ok().filter(|_| is_clean).ok_or(NO_ADDRESS)
    };
    let from = table.parsed("from", faults, mailbox);
    let to = table.texts("to", faults).unwrap_or_default();
    let read = |(text, at): (&str, Range<usize>)| {
        mailbox(text).map_err(|why| faults.note(at, format!("to: {text:?}: {why}"))).ok()
    };
    let to: Vec<Mailbox> = to.into_iter().filter_map(read).collect();
    let host = table.text("host", faults);
    let (Some((host, at_host)), Some(from), false) = (host, from, to.is_empty()) else {
        faults.note(at, "an smtp sink has a host, a from, and at least one address in to");
        return None;
    };
    if tls == Tls::None && !is_loopback(host) {
        let why =
            format!("tls = \"none\" goes with a server on this machine alone, not with {host:?}");
        faults.note(at_host, why);
    }
    let login = user.zip(password).map(|((user, _), (password, _))| (user, password));
    let host = host.to_owned();
    Some(SinkKind::Smtp(Box::new(SmtpSink { host, port, tls, ca, login, from, to, timeout })))
}

fn timeout(table: &mut Table<'_, '_>, faults: &mut Faults<'_>) -> Duration {
    let timeout = table.parsed("timeout", faults, |text| {
        let timeout = parse_duration(text).map_err(|error| error.to_string())?;
        let is_one = (SHORTEST_TIMEOUT..=LONGEST_TIMEOUT).contains(&timeout);
        is_one
            .then_some(timeout)
            .ok_or_else(|| "it is at least 100ms and at most 10m long".to_owned())
    });
    timeout.unwrap_or(TIMEOUT)
}

const NO_ADDRESS: &str = "it is no address: write it like Ferret <ferret@example.org>";

/// In less, nothing is delivered.
const SHORTEST_TIMEOUT: Duration = Duration::from_millis(100);
/// Whoever waits longer waits for nothing.
const LONGEST_TIMEOUT: Duration = Duration::from_mins(10);

/// Whether a host is this machine, by its name alone.
pub(crate) fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
