//! `ferret alert` against servers that speak TLS, with certificates of an authority of the tests' own: mail servers
//! ([`mail`]) and web servers ([`web`]). The servers are `tools/receivers.py`.

mod mail;
mod web;

use ferret_tests::{Place, Talker, example, ferret, output, until};
use serde_json::Value;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

/// An authority, and the certificate that it gave to 127.0.0.1.
pub(crate) struct Certificates {
    ca: PathBuf,
    ca_key: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
}

/// What openssl is told of the two: that the one may sign, and the other is 127.0.0.1.
const EXTENSIONS: &str = "[req]\ndistinguished_name = name\nprompt = no\n[name]\nCN = of a test\n\
    [authority]\nbasicConstraints = critical,CA:TRUE\n\
    [server]\nbasicConstraints = critical,CA:FALSE\nsubjectAltName = IP:127.0.0.1\n";

impl Certificates {
    /// Of an authority of this name.
    pub(crate) fn new(place: &Place, authority: &str) -> Self {
        let folder = place.folder().join("certificates");
        std::fs::create_dir(&folder).expect("a folder");
        std::fs::write(folder.join("openssl.cnf"), EXTENSIONS).expect("a file");
        let make = |name: &str, subject: &str, signed: &[&str]| {
            let (certificate, key) = (format!("{name}.pem"), format!("{name}.key"));
            let made = output(
                Command::new("openssl")
                    .current_dir(&folder)
                    .args(["req", "-x509", "-config", "openssl.cnf", "-extensions", name, "-nodes"])
                    .args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
                    .args(["-subj", &format!("/CN={subject}"), "-days", "2"])
                    .args(["-out", &certificate, "-keyout", &key])
                    .args(signed),
            );
            assert_eq!(made.code, Some(0), "{}", made.stderr);
            (folder.join(certificate), folder.join(key))
        };
        let (ca, ca_key) = make("authority", authority, &[]);
        let (certificate, key) =
            make("server", "receiver", &["-CA", "authority.pem", "-CAkey", "authority.key"]);
        Self { ca, ca_key, certificate, key }
    }

    /// The key of a sink that trusts it.
    pub(crate) fn key_of_a_sink(&self) -> String {
        format!("ca = \"{}\"", self.ca.display())
    }

    /// For a server that shows the authority's own certificate.
    pub(crate) fn of_the_authority_itself(&self) -> Self {
        let (ca, key) = (self.ca.clone(), self.ca_key.clone());
        Self { certificate: ca.clone(), ca, ca_key: key.clone(), key }
    }
}

/// A server, and its port.
pub(crate) struct Receiver {
    talker: Talker,
    pub(crate) port: u64,
}

impl Receiver {
    /// `kind` is `mail MODE` or `web`; `more` as the tool takes it.
    pub(crate) fn start(kind: &[&str], certificates: &Certificates, more: &[&str]) -> Self {
        let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools/receivers.py");
        let mut python = Command::new("python3");
        python.arg(tool).args(kind).args([&certificates.certificate, &certificates.key]).args(more);
        let mut talker = Talker::start(&mut python);
        let first = talker.hear().expect("it says its port");
        let port = json(&first)["port"].as_u64().expect("a port");
        Self { talker, port }
    }

    /// The next that has this key, and all that came before it.
    pub(crate) fn hear(&mut self, key: &str) -> (Value, Vec<Value>) {
        let mut before = Vec::new();
        let found = self.talker.hear_until(key, |line| {
            let one = json(line);
            if one.get(key).is_some() {
                return Some(one);
            }
            before.push(one);
            None
        });
        (found, before)
    }

    /// What it has said until now.
    pub(crate) fn end(self) -> Vec<Value> {
        self.talker.signal(rustix::process::Signal::TERM);
        let mut talker = self.talker;
        std::iter::from_fn(|| talker.hear()).map(|line| json(&line)).collect()
    }
}

fn json(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))
}

/// `ferret alert`, which tells on its standard output and to these sinks that a program has ended.
pub(crate) struct Alert {
    talker: Talker,
    stderr: PathBuf,
    log: PathBuf,
}

impl Alert {
    pub(crate) fn start(place: &Place, sinks: &str) -> Self {
        let (rules, stderr) = (ends(place, sinks), place.folder().join("stderr"));
        let into = File::create(&stderr).expect("a file");
        let mut command = ferret();
        command.args(["alert", "--json"]).arg(rules).arg(&place.log).stderr(into);
        let alert = Self { talker: Talker::start(&mut command), stderr, log: place.log.clone() };
        // Of what was over before it looked it tells nothing.
        alert.hear("waiting for a log");
        alert
    }

    /// Runs a program to its end, which is a message, and waits until it has been told on standard output.
    pub(crate) fn cause(&mut self) {
        let ran = output(example("hello").env("FERRET_LOG", &self.log));
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        self.talker.hear_until("a message", |line| line.contains("ends").then_some(()));
    }

    /// Waits until this is on its standard error, and gives all of it.
    pub(crate) fn hear(&self, part: &str) -> String {
        until(part, || {
            let text = std::fs::read_to_string(&self.stderr).expect("the file is there");
            text.contains(part).then_some(text)
        })
    }

    /// What it has said until now; it is killed.
    pub(crate) fn kill(self) -> String {
        drop(self.talker);
        std::fs::read_to_string(&self.stderr).expect("the file is there")
    }

    /// Ends it as it wants to end, and gives all that it said.
    pub(crate) fn end(self) -> String {
        self.talker.signal(rustix::process::Signal::TERM);
        assert!(self.talker.wait().success());
        std::fs::read_to_string(&self.stderr).expect("the file is there")
    }
}

/// A file of rules with these sinks, and one that prints: a rule tells them that a program has ended.
pub(crate) fn ends(place: &Place, sinks: &str) -> PathBuf {
    let path = place.folder().join("rules.toml");
    let text = format!(
        "[sinks.printed]\nkind = \"stdout\"\n{sinks}\n[[rule]]\nname = \"ends\"\nhappens = \"exited\"\ncooldown = \"0s\"\n"
    );
    std::fs::write(&path, text).expect("the folder is there");
    path
}
