//! What a sink needs and is not here: a file of rules may be right, and be checked on another machine than it is for.

use super::secret::Secret;
use super::sink::{NO_HEADER_VALUE, check_url, is_header_value};
use super::{SinkKind, SinkRule, WebhookSink};
use std::env;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

impl SinkRule {
    /// What it needs from the environment or from files and is not there, or is of no use.
    pub(crate) fn missing(&self) -> Vec<String> {
        let (mut missing, ca) = match &self.kind {
            SinkKind::Stdout(_) => (Vec::new(), None),
            SinkKind::Command(sink) => {
                let program = sink.command.first().filter(|program| !is_program(program));
                let why = |program| format!("there is no program {program:?} that can be started");
                (program.map(why).into_iter().collect(), None)
            }
            SinkKind::Webhook(sink) => (sink.missing(), sink.ca.as_ref()),
            SinkKind::Smtp(sink) => {
                let login = sink.login.iter().flat_map(|(user, password)| [user, password]);
                let login = login.filter_map(|secret| Some(secret.get().err()?.to_string()));
                (login.collect(), sink.ca.as_ref())
            }
        };
        missing.extend(ca.and_then(|ca| Some(ca.read().err()?.to_string())));
        missing
    }
}

impl WebhookSink {
    /// Never what is in the URL or in a header: both may be secrets.
    fn missing(&self) -> Vec<String> {
        let url = |text: &str| check_url(text).err().map(|why| format!("url: {why}"));
        let url = found(&self.url, url);
        let headers = self.headers.iter().filter_map(|(name, value)| {
            let why =
                |text: &str| (!is_header_value(text)).then(|| format!("{name}: {NO_HEADER_VALUE}"));
            found(value, why)
        });
        url.into_iter().chain(headers).collect()
    }
}

/// What is wrong with a secret: that it is not there, or what `fault` says of it.
fn found(secret: &Secret, fault: impl FnOnce(&str) -> Option<String>) -> Option<String> {
    match secret.get() {
        Ok(text) => fault(&text),
        Err(error) => Some(error.to_string()),
    }
}

/// Whether a program can be started by this name: a path, or one that is looked for in `PATH`.
fn is_program(name: &str) -> bool {
    if name.contains('/') {
        return is_executable(Path::new(name));
    }
    let folders = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&folders).any(|folder| is_executable(&folder.join(name)))
}

fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}
