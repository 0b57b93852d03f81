//! Sinks against real servers and real commands, on this machine.

use super::*;
use crate::alert::notice::{FORMAT, Line, What};
use crate::alert::rules::{CommandSink, Secret, Severity, Shape, SmtpSink, Tls, WebhookSink};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};

const PATIENCE: Duration = Duration::from_secs(30);
const SOON: Duration = Duration::from_millis(10);

fn notice(rule: &str) -> Arc<Notice> {
    Arc::new(Notice {
        format: FORMAT,
        kind: "alert",
        what: What::Happened,
        rule: rule.to_owned(),
        severity: Severity::Error,
        at_ms: 1_764_000_000_000,
        text: format!("{rule}: pipeline 7: crashed <b>&"),
        subjects: vec![Line::new("pipeline 7", 0, "crashed <!channel> &", None)],
        left_out: 3,
        sinks: vec![0],
    })
}

fn start(kind: SinkKind) -> Running {
    let rule = SinkRule { name: "it".to_owned(), kind, retry_for: PATIENCE };
    Running::start(&rule, SOON).unwrap()
}

/// Waits until a sink is as it should be.
#[track_caller]
fn until(sink: &Running, what: &str, is_so: impl Fn(&SinkReport) -> bool) -> SinkReport {
    let began = instant();
    loop {
        let report = sink.report();
        if is_so(&report) {
            return report;
        }
        assert!(began.elapsed() < PATIENCE, "waited for {what}: {report:?}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn in_background(work: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().name("server".to_owned()).spawn(work).unwrap();
}

/// A server that answers each connection with the next of these, and gives what was sent to it.
fn server<T: Send + 'static>(
    answers: Vec<T>,
    serve: impl Fn(TcpStream, T, &Sender<String>) + Send + 'static,
) -> (u16, Receiver<String>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, receiver) = channel();
    in_background(move || {
        for (answer, stream) in answers.into_iter().zip(listener.incoming()) {
            serve(stream.unwrap(), answer, &sender);
        }
    });
    (port, receiver)
}

/// Reads a request, gives head and body to the test, and answers.
fn http(mut stream: TcpStream, status: &str, sender: &Sender<String>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some(text) = line.to_lowercase().strip_prefix("content-length:") {
            length = text.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    sender.send(head).unwrap();
    sender.send(String::from_utf8(body).unwrap()).unwrap();
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
}

fn webhook(port: u16, shape: Shape, timeout: Duration) -> SinkKind {
    SinkKind::Webhook(WebhookSink {
        url: Secret::Plain(format!("http://127.0.0.1:{port}/hook")),
        shape,
        ca: None,
        headers: vec![("X-Key".to_owned(), Secret::Plain("s3cret".to_owned()))],
        timeout,
    })
}

#[test]
fn a_webhook_that_fails_twice_gets_the_message_the_third_time() {
    let answers = vec!["500 Oh No", "503 Not Now", "204 Thanks"];
    let (port, received) = server(answers, http);
    let sink = start(webhook(port, Shape::Json, PATIENCE));
    sink.shared.push(notice("crash"));
    let report = until(&sink, "the delivery", |report| report.sent == 1);
    assert_eq!((report.failed, report.lost, report.waiting), (2, 0, 0));
    assert_eq!(report.last_error.as_deref(), Some("the server says 503 Service Unavailable"));
    let all: Vec<String> = received.iter().take(6).collect();
    assert_eq!((&all[1], &all[3]), (&all[3], &all[5]));
    assert!(all[0].contains("POST /hook") && all[0].to_lowercase().contains("x-key: s3cret"));
    let json: serde_json::Value = serde_json::from_str(&all[5]).unwrap();
    assert_eq!((&json["rule"], &json["what"]), (&"crash".into(), &"happened".into()));
    assert_eq!((&json["left_out"], &json["lost_before"]), (&3.into(), &0.into()));
}

#[test]
fn slack_gets_its_shape_and_nothing_that_mentions_anybody() {
    let (port, received) = server(vec!["200 OK"], http);
    let sink = start(webhook(port, Shape::Slack, PATIENCE));
    sink.shared.push(notice("<@everyone> & @all ![](http://x)"));
    until(&sink, "the delivery", |report| report.sent == 1);
    let body = received.iter().nth(1).unwrap();
    let json: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        json["text"],
        "[happened] &lt;@\u{200b}everyone&gt; &amp; @\u{200b}all ![]\u{200b}(http://x)"
    );
    let attachment = &json["attachments"][0];
    assert_eq!(attachment["color"], "danger");
    assert_eq!(attachment["text"], "*pipeline 7*: crashed &lt;!channel&gt; &amp;\nand 3 more");
}

#[test]
fn a_header_of_the_users_own_takes_the_place_of_one_that_is_there_anyway() {
    let (port, received) = server(vec!["200 OK"], http);
    let SinkKind::Webhook(mut sink) = webhook(port, Shape::Json, PATIENCE) else { unreachable!() };
    let own = "application/vnd.ours+json";
    sink.headers.push(("content-type".to_owned(), Secret::Plain(own.to_owned())));
    let sink = start(SinkKind::Webhook(sink));
    sink.shared.push(notice("crash"));
    until(&sink, "the delivery", |report| report.sent == 1);
    let head = received.iter().next().unwrap().to_lowercase();
    assert_eq!(head.matches("content-type:").count(), 1, "{head}");
    assert!(head.contains(own), "{head}");
}

#[test]
fn what_a_server_refuses_is_given_up_and_the_next_says_so() {
    let answers = vec!["404 No", "404 No", "404 No", "200 OK"];
    let (port, received) = server(answers, http);
    let sink = start(webhook(port, Shape::Json, PATIENCE));
    sink.shared.push(notice("first"));
    sink.shared.push(notice("second"));
    let report = until(&sink, "the second", |report| report.sent == 1);
    assert_eq!((report.failed, report.lost), (3, 1));
    let last: serde_json::Value = serde_json::from_str(&received.iter().nth(7).unwrap()).unwrap();
    assert_eq!((&last["rule"], &last["lost_before"]), (&"second".into(), &1.into()));
}

#[test]
fn a_server_that_never_answers_holds_nobody_up() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let slow = start(webhook(port, Shape::Json, Duration::from_mins(1)));
    let quick = start(SinkKind::Command(command(&["true"], PATIENCE)));
    let sinks = Sinks { all: vec![slow, quick] };
    for _ in 0..QUEUE + 5 {
        sinks.send(&Notice { sinks: vec![0, 1], ..(*notice("many")).clone() });
    }
    until(&sinks.all[1], "the quick one", |report| report.sent > 0);
    // One is on its way, or was not taken yet.
    let slow = &sinks.reports()[0];
    assert_eq!((slow.sent, slow.lost + slow.waiting), (0, QUEUE as u64 + 5));
    assert!((4..=5).contains(&slow.lost), "{slow:?}");
    let began = instant();
    let reports = sinks.stop(Duration::from_millis(200));
    assert!(began.elapsed() < Duration::from_secs(10), "it waited for {:?}", began.elapsed());
    assert_eq!((reports[0].sent, reports[0].lost), (0, QUEUE as u64 + 5));
    drop(listener);
}

#[test]
fn nobody_there_is_an_error_without_the_url() {
    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let sink = start(webhook(port, Shape::Json, PATIENCE));
    sink.shared.push(notice("crash"));
    let report = until(&sink, "a failure", |report| report.failed > 1);
    let error = report.last_error.unwrap();
    assert!(error.contains("refused") && !error.contains("hook"), "{error}");
    let reports = Sinks { all: vec![sink] }.stop(Duration::from_millis(50));
    assert_eq!((reports[0].sent, reports[0].lost, reports[0].waiting), (0, 1, 0));
}

/// A sink whose first message is too much for it.
struct Panics {
    calls: u32,
}

impl Deliver for Panics {
    fn deliver(&mut self, _sent: &Sent<'_>, _end: End<'_>) -> Result<(), Failure> {
        self.calls += 1;
        assert!(self.calls > 1, "no {}", "way");
        Ok(())
    }
}

#[test]
fn a_panic_loses_its_message_and_not_the_sink() {
    let kind = SinkKind::Command(command(&["true"], PATIENCE));
    let rule = SinkRule { name: "it".to_owned(), kind, retry_for: PATIENCE * 100 };
    // Whoever waited for a second try would wait too long.
    let sink = Running::spawn(&rule, PATIENCE * 10, Box::new(Panics { calls: 0 })).unwrap();
    sink.shared.push(notice("first"));
    let report = until(&sink, "the loss", |report| report.lost == 1);
    assert_eq!((report.sent, report.failed, report.waiting), (0, 1, 0));
    assert_eq!(report.last_error.as_deref(), Some("the sink panicked: no way"));
    sink.shared.push(notice("second"));
    until(&sink, "the next", |report| report.sent == 1);
    let began = instant();
    let reports = Sinks { all: vec![sink] }.stop(PATIENCE * 10);
    assert!(began.elapsed() < PATIENCE, "it waited for {:?}", began.elapsed());
    assert_eq!((reports[0].sent, reports[0].lost, reports[0].waiting), (1, 1, 0));
}

fn command(words: &[&str], timeout: Duration) -> CommandSink {
    CommandSink { command: words.iter().map(|&word| word.to_owned()).collect(), timeout }
}

#[test]
fn a_command_gets_the_message_on_its_input_and_in_its_environment() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let script = "{ cat; echo \"$FERRET_ALERT_WHAT $FERRET_ALERT_RULE $FERRET_ALERT_COUNT $FERRET_ALERT_AT\"; } > $0";
    let words = ["sh", "-c", script, out.to_str().unwrap()];
    let sink = start(SinkKind::Command(command(&words, PATIENCE)));
    sink.shared.push(notice("crash"));
    until(&sink, "the delivery", |report| report.sent == 1);
    let text = std::fs::read_to_string(out).unwrap();
    let (json, environment) = text.split_once('\n').unwrap();
    let json: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!(json["subjects"][0]["subject"], "pipeline 7");
    assert_eq!(environment, "happened crash 4 2025-11-24T16:00:00Z\n");
}

#[test]
fn a_command_that_fails_says_why_and_one_that_is_not_there_too() {
    let sink =
        start(SinkKind::Command(command(&["sh", "-c", "echo no paper >&2; exit 3"], PATIENCE)));
    sink.shared.push(notice("crash"));
    let report = until(&sink, "a failure", |report| report.failed > 0);
    assert_eq!(report.last_error.as_deref(), Some("sh: exit status: 3: no paper"));
    let sink = start(SinkKind::Command(command(&["/nonexistent/page"], PATIENCE)));
    sink.shared.push(notice("crash"));
    let report = until(&sink, "a failure", |report| report.failed > 0);
    assert!(report.last_error.unwrap().contains("/nonexistent/page: it cannot be started"));
}

#[test]
fn a_command_that_hangs_is_killed_with_its_children() {
    let folder = tempfile::tempdir().unwrap();
    let pid = folder.path().join("pid");
    let script = "sleep 600 & echo $! > $0.new; mv $0.new $0; wait";
    let words = ["sh", "-c", script, pid.to_str().unwrap()];
    let sink = start(SinkKind::Command(command(&words, Duration::from_millis(500))));
    sink.shared.push(notice("crash"));
    let report = until(&sink, "a failure", |report| report.failed > 0);
    assert!(report.last_error.unwrap().contains("killed after 500ms"));
    let child: i32 = std::fs::read_to_string(pid).unwrap().trim().parse().unwrap();
    let began = instant();
    // Whoever inherits it reaps it.
    let stat = format!("/proc/{child}/stat");
    while std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")) {
        assert!(began.elapsed() < PATIENCE, "the child lives");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A mail server for one connection, which answers the recipient as it is told.
fn smtp(mut stream: TcpStream, recipient: &str, sender: &Sender<String>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    write!(stream, "220 made.up ESMTP\r\n").unwrap();
    let (mut line, mut all) = (String::new(), String::new());
    while reader.read_line(&mut line).is_ok_and(|bytes| bytes > 0) {
        all.push_str(&line);
        let verb = line.get(..4).unwrap_or_default().to_uppercase();
        let answer = match verb.as_str() {
            "EHLO" => "250-made.up\r\n250 AUTH PLAIN",
            "AUTH" => "235 welcome",
            "RCPT" => recipient,
            "DATA" => {
                write!(stream, "354 go on\r\n").unwrap();
                let mut text = String::new();
                while reader.read_line(&mut text).unwrap() > 0 && !text.ends_with("\r\n.\r\n") {}
                all.push_str(&text);
                "250 taken"
            }
            "QUIT" => "221 bye",
            _ => "250 fine",
        };
        write!(stream, "{answer}\r\n").unwrap();
        line.clear();
        if verb == "QUIT" {
            break;
        }
    }
    sender.send(all).unwrap();
}

fn mail(port: u16, timeout: Duration) -> SinkKind {
    let secret = |text: &str| Secret::Plain(text.to_owned());
    SinkKind::Smtp(Box::new(SmtpSink {
        // As an address stands in a URL.
        host: "[127.0.0.1]".to_owned(),
        port: Some(port),
        tls: Tls::None,
        ca: None,
        login: Some((secret("ferret"), secret("hunter2"))),
        from: "Ferret <ferret@example.org>".parse().unwrap(),
        to: vec!["ops@example.org".parse().unwrap()],
        timeout,
    }))
}

#[test]
fn mail_that_is_not_taken_at_first_is_sent_again() {
    let (port, received) = server(vec!["451 later", "250 fine"], smtp);
    let sink = start(mail(port, PATIENCE));
    sink.shared.push(notice("crash\r\nBcc: everybody@example.org"));
    let report = until(&sink, "the delivery", |report| report.sent == 1);
    assert_eq!(report.failed, 1);
    assert!(report.last_error.unwrap().contains("later"));
    let mail = received.iter().nth(1).unwrap();
    assert!(mail.contains("AUTH PLAIN AGZlcnJldABodW50ZXIy"), "{mail}");
    assert!(mail.contains("RCPT TO:<ops@example.org>"), "{mail}");
    assert!(mail.contains("pipeline 7: crashed <!channel> &"), "{mail}");
    let (head, _) = mail.split_once("\r\n\r\n").unwrap();
    assert!(!head.to_lowercase().contains("\nbcc:"), "a rule's name is no header: {mail}");
    assert!(head.contains("\nMessage-ID: <"), "{mail}");
}

#[test]
fn a_stop_lets_what_waits_be_tried_once_more() {
    let (port, received) = server(vec!["500 Oh No", "200 OK"], http);
    let rule = SinkRule {
        name: "it".to_owned(),
        kind: webhook(port, Shape::Json, PATIENCE),
        retry_for: PATIENCE * 100,
    };
    let sink = Running::start(&rule, PATIENCE).unwrap();
    sink.shared.push(notice("crash"));
    until(&sink, "a failure", |report| report.failed == 1);
    let reports = Sinks { all: vec![sink] }.stop(PATIENCE * 4);
    assert_eq!((reports[0].sent, reports[0].lost), (1, 0));
    assert_eq!(received.iter().take(4).count(), 4);
}

#[test]
fn a_mail_server_that_never_stops_greeting_is_given_up() {
    let (port, _connected) = server(vec![(), ()], |mut stream, (), sender| {
        sender.send(String::new()).unwrap();
        while stream.write_all(b"x").is_ok() {
            std::thread::sleep(SOON);
        }
    });
    let timeout = Duration::from_millis(500);
    let rule = SinkRule { name: "it".to_owned(), kind: mail(port, timeout), retry_for: PATIENCE };
    let sink = Running::start(&rule, PATIENCE / 3).unwrap();
    sink.shared.push(notice("crash"));
    let report = until(&sink, "a failure", |report| report.failed == 1);
    let error = "the mail server did not take it within 3s";
    assert_eq!(report.last_error.as_deref(), Some(error));
    // A stop lets it be tried again; but there is one conversation at a time.
    let reports = Sinks { all: vec![sink] }.stop(PATIENCE / 10);
    assert_eq!((reports[0].failed, reports[0].lost, reports[0].waiting), (2, 1, 0));
    let error = "the mail server never comes to an end with the message before";
    assert_eq!(reports[0].last_error.as_deref(), Some(error));
}
