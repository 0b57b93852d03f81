//! `/metrics`, by those who read it: promtool finds nothing to say, and a real Prometheus scrapes it and answers.
//! `tests/run.sh setup` installs both.

use super::client::{Server, receive};
use super::{record, token_file, worker};
use ferret_tests::until;
use serde_json::Value;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const TOKEN: &str = "correct-horse-battery-staple";
const MISSING: &str = "prometheus is missing: `tests/run.sh setup` installs it";

/// A Prometheus, which is killed when dropped.
struct Prometheus {
    child: Child,
    address: SocketAddr,
}

impl Prometheus {
    /// Scrapes that server every second.
    fn of(server: &Server, folder: &std::path::Path) -> Self {
        let config = folder.join("prometheus.yml");
        let target = server.address;
        let text = format!(
            "global: {{ scrape_interval: 1s }}\nscrape_configs:\n- job_name: ferret\n  \
             authorization: {{ credentials: {TOKEN} }}\n  static_configs:\n  - targets: ['{target}']\n"
        );
        std::fs::write(&config, text).expect("a file");
        // A port that is free now.
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let address = free.expect("a free port");
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("tsdb").display()))
            .arg(format!("--web.listen-address={address}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect(MISSING);
        Self { child, address }
    }

    /// The values that a query finds, with their labels.
    fn query(&self, query: &str) -> Option<Vec<(Value, String)>> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
        let (path, host) = (format!("/api/v1/query?query={query}"), self.address);
        let head = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).ok()?;
        let answer = receive(&mut stream).ok().filter(|answer| answer.status == 200)?.json();
        let found = answer["data"]["result"].as_array()?.iter();
        let found = found.map(|one| {
            (one["metric"].clone(), one["value"][1].as_str().unwrap_or_default().to_owned())
        });
        Some(found.collect())
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // It may have ended.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[test]
fn promtool_has_nothing_to_say() {
    let place = record("tasks", &[]);
    let server = Server::start(&[place.log.as_os_str()]);
    worker(&server);
    let page = server.get("/metrics");
    assert!(page.header("content-type").starts_with("text/plain; version=0.0.4"), "{page:?}");
    let mut promtool = Command::new("promtool");
    promtool.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = promtool.stderr(Stdio::piped()).spawn().expect(MISSING);
    let mut stdin = child.stdin.take().expect("it is a pipe");
    stdin.write_all(&page.body).expect("it reads");
    drop(stdin);
    let done = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
    assert!(done.status.success() && said.is_empty(), "{said}\n{}", page.text());
}

#[test]
fn a_prometheus_scrapes_with_the_token_and_answers() {
    let place = record("tasks", &[]);
    let file = token_file(place.folder(), TOKEN, 0o600);
    let args = [place.log.as_os_str(), "--token-file".as_ref(), file.as_os_str()];
    let server = Server::start(&args);
    let prometheus = Prometheus::of(&server, place.folder());
    let found = until("the scrape", || {
        prometheus.query("ferret_worker_info").filter(|found| !found.is_empty())
    });
    let [(labels, value)] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((labels["program"].as_str(), value.as_str()), (Some("tasks"), "1"));
    assert_eq!(labels["worker"].as_str().map(str::len), Some(32));
    let up = prometheus.query("up").expect("an answer");
    assert_eq!(up.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>(), ["1"]);
}
