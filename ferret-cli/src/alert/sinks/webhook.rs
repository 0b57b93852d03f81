//! The sink that posts messages to a URL. Neither the URL nor what is in the headers is ever told: both may be secrets.

use super::{Deliver, End, Failure, Sent, json, trust};
use crate::alert::notice::What;
use crate::alert::rules::{
    Authorities, Secret, Severity, Shape, WebhookSink, check_url, is_header_value, is_loopback,
};
use anyhow::Context as _;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// A URL.
pub(super) struct Webhook {
    agent: Agent,
    url: String,
    shape: Shape,
    headers: Vec<(String, String)>,
    ca: Option<Authorities>,
    timeout: Duration,
}

impl Webhook {
    /// # Errors
    ///
    /// A secret is not to be had, or is no URL.
    pub(super) fn new(sink: &WebhookSink) -> anyhow::Result<Self> {
        let url = sink.url.get().context("the url of a webhook")?;
        let uri = check_url(&url).map_err(anyhow::Error::msg).context("the url of a webhook")?;
        let header = |(name, value): &(String, Secret)| {
            let value = value.get().with_context(|| format!("the header {name} of a webhook"))?;
            anyhow::ensure!(
                is_header_value(&value),
                "the header {name} of a webhook has a value that none can have"
            );
            Ok((name.clone(), value))
        };
        let headers = sink.headers.iter().map(header).collect::<anyhow::Result<_>>()?;
        let config = Agent::config_builder()
            .timeout_global(Some(sink.timeout))
            .http_status_as_error(false)
            // A message that is sent on is not posted any more.
            .max_redirects(0)
            .user_agent(concat!("ferret/", env!("CARGO_PKG_VERSION")));
        let config = match uri.host() {
            Some(host) if is_loopback(host) => config.proxy(None),
            _ => config,
        };
        let config = match &sink.ca {
            Some(ca) => {
                let all = ca.read().context("the ca of a webhook")?;
                let all = all.iter().map(|der| Certificate::from_der(der).to_owned());
                let roots = RootCerts::Specific(Arc::new(all.collect()));
                config.tls_config(TlsConfig::builder().root_certs(roots).build())
            }
            None => config,
        };
        let agent = config.build().into();
        let (shape, ca, timeout) = (sink.shape, sink.ca.clone(), sink.timeout);
        Ok(Self { agent, url, shape, headers, ca, timeout })
    }
}

impl Deliver for Webhook {
    fn deliver(&mut self, sent: &Sent<'_>, _end: End<'_>) -> Result<(), Failure> {
        let body = match self.shape {
            Shape::Json => json(sent).map_err(Failure::refusal)?,
            Shape::Slack => slack(sent),
        };
        let mut request = self.agent.post(&self.url);
        if !self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            request = request.header("Content-Type", "application/json");
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let answer = request.send(body).map_err(|error| Failure::new(self.why(&error)))?;
        let status = answer.status();
        match status.as_u16() {
            200..=299 => Ok(()),
            // Later, it may.
            408 | 425 | 429 | 500..=599 => Err(Failure::new(format!("the server says {status}"))),
            _ => Err(Failure::refusal(format!("the server says {status}"))),
        }
    }
}

impl Webhook {
    /// What went wrong, without the URL, which some of the errors quote.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others say it themselves")]
    fn why(&self, error: &ureq::Error) -> String {
        let advice = match error {
            ureq::Error::Io(error) => trust::advice(error, self.ca.as_ref()),
            ureq::Error::Rustls(error) => trust::advice(error, self.ca.as_ref()),
            ureq::Error::Timeout(_) => Some(format!("no answer within {:?}", self.timeout)),
            ureq::Error::BadUri(_) => Some("this is no URL".to_owned()),
            ureq::Error::HostNotFound => Some("there is no such host".to_owned()),
            _ => None,
        };
        advice.unwrap_or_else(|| error.to_string().replace(&self.url, "the URL"))
    }
}

/// As Slack takes it.
fn slack(sent: &Sent<'_>) -> String {
    let notice = sent.notice;
    let color = match (notice.what, notice.severity) {
        (What::Resolved, _) => "good",
        (_, Severity::Error) => "danger",
        (_, Severity::Warning) => "warning",
        (_, Severity::Info) => "#439fe0",
    };
    let what = match notice.what {
        What::Firing => notice.severity.name(),
        What::Resolved => "resolved",
        What::Happened => "happened",
    };
    let mut lines: Vec<_> = notice
        .subjects
        .iter()
        .map(|line| format!("*{}*: {}", escaped(&line.subject), escaped(&line.text)))
        .collect();
    if notice.left_out > 0 {
        lines.push(format!("and {} more", notice.left_out));
    }
    lines.extend(sent.losses());
    let attachment = json!({
        "color": color,
        "fallback": escaped(&notice.text),
        "text": lines.join("\n"),
        "mrkdwn_in": ["text"],
        "ts": notice.at_ms / 1_000,
    });
    let text = format!("[{what}] {}", escaped(&notice.rule));
    json!({ "text": text, "attachments": [attachment] }).to_string()
}

/// Names come from logs: none of them mentions a person, is a link, or shows a picture, neither where `<` begins what is
/// special nor where `@` and `](` do.
fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('@', "@\u{200b}").replace("](", "]\u{200b}(")
}
