//! Webhooks over https.

use super::{Alert, Certificates, Receiver};
use ferret_tests::Place;

/// A sink with a secret in its URL, and one in a header; `more` are further keys.
fn sink(receiver: &Receiver, more: &str) -> String {
    let port = receiver.port;
    format!(
        "[sinks.hook]\nkind = \"webhook\"\nurl = \"https://127.0.0.1:{port}/hook-of-mine\"\n\
         headers = {{ X-Key = \"s3cret\" }}\n{more}\n"
    )
}

#[test]
fn a_webhook_is_posted_to_a_server_that_the_file_vouches_for() {
    let place = Place::new();
    let certificates = Certificates::new(&place, "ours");
    let mut receiver = Receiver::start(&["web"], &certificates, &[]);
    let mut alert = Alert::start(&place, &sink(&receiver, &certificates.key_of_a_sink()));
    alert.cause();
    let (request, _) = receiver.hear("request");
    assert_eq!(request["request"], "POST /hook-of-mine HTTP/1.1");
    assert_eq!(request["headers"]["x-key"], "s3cret");
    let body = request["body"].as_str().unwrap();
    assert!(body.contains("exited cleanly") && body.contains("\"rule\":\"ends\""), "{body}");
    let said = alert.end();
    assert!(!said.contains("sink hook"), "{said}");
}

#[test]
fn a_webhook_says_whom_it_does_not_trust_and_how_it_would() {
    let (here, there) = (Place::new(), Place::new());
    let certificates = Certificates::new(&here, "ours");
    let others = Certificates::new(&there, "theirs");
    let itself = certificates.of_the_authority_itself();
    for (shown, more, part) in [
        (&certificates, String::new(), "no public authority has signed its certificate"),
        (&certificates, others.key_of_a_sink(), "none of the authorities in "),
        (
            &itself,
            itself.key_of_a_sink(),
            "its certificate is one of an authority: make it with basicConstraints=CA:FALSE",
        ),
    ] {
        let mut receiver = Receiver::start(&["web"], shown, &[]);
        let place = Place::new();
        let mut alert = Alert::start(&place, &sink(&receiver, &more));
        alert.cause();
        alert.hear(&format!("sink hook fails, and is tried again: {part}"));
        let (_, before) = receiver.hear("refused");
        let said = alert.kill();
        assert!(!said.contains("s3cret") && !said.contains("hook-of-mine"), "{said}");
        let mut events = before;
        events.extend(receiver.end());
        assert!(events.iter().all(|event| event.get("request").is_none()), "{events:?}");
    }
}

#[test]
fn a_webhook_follows_nobody_with_its_secrets() {
    let folder = Place::new();
    let certificates = Certificates::new(&folder, "ours");
    let ca = certificates.key_of_a_sink();
    for status in ["302 Found", "307 Temporary Redirect"] {
        let thief = Receiver::start(&["web"], &certificates, &[]);
        let there = format!("https://127.0.0.1:{}/elsewhere", thief.port);
        let mut receiver = Receiver::start(&["web"], &certificates, &[status, &there]);
        let place = Place::new();
        let mut alert = Alert::start(&place, &sink(&receiver, &ca));
        alert.cause();
        let code = &status[..3];
        // It is refused, three times.
        alert.hear(&format!("sink hook: 1 message was not delivered: the server says {code}"));
        receiver.hear("request");
        let said = alert.end();
        assert!(!said.contains("elsewhere"), "{said}");
        assert_eq!(thief.end(), [] as [serde_json::Value; 0]);
    }
}

#[test]
fn a_web_server_that_never_answers_or_never_stops_is_given_up() {
    let folder = Place::new();
    let certificates = Certificates::new(&folder, "ours");
    for mode in ["deaf", "endless"] {
        let mut receiver = Receiver::start(&["mail", mode], &certificates, &[]);
        let place = Place::new();
        let mut alert = Alert::start(&place, &sink(&receiver, "timeout = \"300ms\""));
        alert.cause();
        receiver.hear("connected");
        alert.hear("sink hook fails, and is tried again: no answer within 300ms");
        receiver.hear("connected");
    }
}
