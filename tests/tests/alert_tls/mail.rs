//! Mail, to servers of all kinds.

use super::{Alert, Certificates, Receiver, ends};
use ferret_tests::{Place, ferret, output};
use serde_json::{Value, json};

/// A sink that sends to a server with TLS of this kind; `more` are further keys.
fn sink(place: &Place, name: &str, receiver: &Receiver, tls: &str, more: &str) -> String {
    let (port, password) = (receiver.port, place.folder().join("password"));
    if !password.exists() {
        std::fs::write(&password, "right\n").expect("the folder is there");
    }
    format!(
        "[sinks.{name}]\nkind = \"smtp\"\nhost = \"127.0.0.1\"\nport = {port}\ntls = {tls:?}\nuser = \"ferret\"\n\
         password = {{ file = \"{}\" }}\nfrom = \"Ferret <ferret@example.org>\"\nto = [\"ops@example.org\"]\n{more}\n",
        password.display()
    )
}

/// Whether the password, or what looks like it on its way, is in what came in clear.
fn tells_a_login(events: &[Value]) -> bool {
    events.iter().any(|event| event.get("login").is_some() || event.to_string().contains("AUTH"))
}

#[test]
fn mail_is_sent_with_a_login_once_the_connection_is_secret() {
    for (tls, mode) in [("starttls", "starttls"), ("tls", "wrapped")] {
        let place = Place::new();
        let certificates = Certificates::new(&place, "ours");
        let mut receiver = Receiver::start(&["mail", mode], &certificates, &[]);
        let sinks = sink(&place, "mail", &receiver, tls, &certificates.key_of_a_sink());
        let mut alert = Alert::start(&place, &sinks);
        alert.cause();
        let (mail, before) = receiver.hear("mail");
        assert_eq!(mail["tls"], true);
        assert_eq!(
            (&mail["from"], &mail["to"]),
            (&json!("FROM:<ferret@example.org>"), &json!(["TO:<ops@example.org>"]))
        );
        let text = mail["mail"].as_str().unwrap();
        assert!(text.contains("Subject: [ferret] warning happened: ends"), "{text}");
        assert!(text.contains("exited cleanly"), "{text}");
        let login = before.iter().find(|event| event.get("login").is_some()).expect("a login");
        assert_eq!(*login, json!({ "login": ["ferret", "right"], "tls": true }));
        let in_clear: Vec<_> = before.iter().filter_map(|event| event["clear"].as_str()).collect();
        match in_clear[..] {
            [hello, "STARTTLS"] => assert!(mode == "starttls" && hello.starts_with("EHLO ")),
            [] => assert_eq!(mode, "wrapped"),
            _ => panic!("{in_clear:?}"),
        }
        let said = alert.end();
        assert!(!said.contains("sink mail"), "{said}");
    }
}

#[test]
fn a_certificate_of_nobody_known_is_refused_and_it_is_said_what_to_write() {
    for (tls, mode) in [("starttls", "starttls"), ("tls", "wrapped")] {
        let place = Place::new();
        let certificates = Certificates::new(&place, "ours");
        // Of another key, and the same name.
        let other = Place::new();
        let others = Certificates::new(&other, "ours");
        let mut receiver = Receiver::start(&["mail", mode], &certificates, &[]);
        let sinks = sink(&place, "nobodys", &receiver, tls, "")
            + &sink(&place, "others", &receiver, tls, &others.key_of_a_sink());
        let mut alert = Alert::start(&place, &sinks);
        alert.cause();
        alert.hear("sink nobodys fails, and is tried again: no public authority has signed its certificate");
        let said = alert.hear("sink others fails, and is tried again: none of the authorities in ");
        assert!(said.contains("ca = \"/path.pem\""), "{said}");
        let (_, mut events) = receiver.hear("refused");
        alert.kill();
        events.extend(receiver.end());
        assert!(!tells_a_login(&events), "{events:?}");
    }
}

#[test]
fn a_server_without_starttls_is_told_nothing_in_clear() {
    let place = Place::new();
    let certificates = Certificates::new(&place, "ours");
    let mut receiver = Receiver::start(&["mail", "clear"], &certificates, &[]);
    let sinks = sink(&place, "mail", &receiver, "starttls", &certificates.key_of_a_sink());
    let mut alert = Alert::start(&place, &sinks);
    alert.cause();
    let said = alert.hear("offers no STARTTLS, and is told nothing in clear");
    assert!(said.contains("tls = \"tls\""), "{said}");
    let (_, mut events) = receiver.hear("connected");
    // It is tried again, and no other way.
    events.extend(receiver.hear("connected").1);
    alert.kill();
    events.extend(receiver.end());
    assert!(!tells_a_login(&events), "{events:?}");
    assert!(events.iter().any(|event| event.get("clear").is_some()), "{events:?}");
}

#[test]
fn a_wrong_password_is_told_and_given_up_after_three_tries() {
    let place = Place::new();
    let certificates = Certificates::new(&place, "ours");
    std::fs::write(place.folder().join("password"), "wrong").unwrap();
    let receiver = Receiver::start(&["mail", "starttls"], &certificates, &[]);
    let sinks = sink(&place, "mail", &receiver, "starttls", &certificates.key_of_a_sink());
    let mut alert = Alert::start(&place, &sinks);
    alert.cause();
    let why = "the mail server does not take the user and the password: 535";
    alert.hear(&format!("sink mail: 1 message was not delivered: {why}"));
    let said = alert.end();
    // The server says again what it was told.
    assert!(!said.contains("AUTH") && !said.contains("wrong"), "{said}");
    let events = receiver.end();
    let logins = events.iter().filter(|event| event.get("login").is_some());
    assert_eq!(logins.count(), 3, "{events:?}");
}

#[test]
fn a_server_that_never_answers_is_given_up_and_tried_again_and_holds_up_no_other_sink() {
    for (tls, mode) in [("starttls", "silent"), ("tls", "deaf")] {
        let place = Place::new();
        let certificates = Certificates::new(&place, "ours");
        let mut receiver = Receiver::start(&["mail", mode], &certificates, &[]);
        let mut good = Receiver::start(&["mail", "starttls"], &certificates, &[]);
        let ca = certificates.key_of_a_sink();
        let sinks = sink(&place, "patient", &receiver, tls, &format!("{ca}\ntimeout = \"10m\""))
            + &sink(&place, "hasty", &receiver, tls, &format!("{ca}\ntimeout = \"300ms\""))
            + &sink(&place, "good", &good, "starttls", &ca);
        let mut alert = Alert::start(&place, &sinks);
        alert.cause();
        good.hear("mail");
        alert.hear("sink hasty fails, and is tried again: no answer from the mail server in 300ms");
        // The two, and the second try of one.
        for _ in 0..3 {
            receiver.hear("connected");
        }
        let said = alert.kill();
        assert!(!said.contains("sink good") && !said.contains("sink patient"), "{said}");
    }
}

#[test]
fn a_file_without_certificates_is_told_before_anything_is_sent() {
    let place = Place::new();
    let certificates = Certificates::new(&place, "ours");
    let receiver = Receiver::start(&["mail", "starttls"], &certificates, &[]);
    let empty = place.folder().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    let damaged = place.folder().join("damaged.pem");
    let text = "-----BEGIN CERTIFICATE-----\nbm9uZQ==\n-----END CERTIFICATE-----\n";
    std::fs::write(&damaged, text).unwrap();
    for (path, why) in [
        (place.folder().join("none.pem"), "none.pem cannot be read: No such file"),
        (empty, "empty.pem has no certificate: name a file of certificates in PEM"),
        (damaged, "damaged.pem has a certificate that cannot be read"),
    ] {
        let rules = ends(
            &place,
            &sink(&place, "mail", &receiver, "tls", &format!("ca = \"{}\"", path.display())),
        );
        let checked = output(ferret().args(["alert", "check"]).arg(&rules));
        assert_eq!(checked.code, Some(0));
        let told = format!("sink mail does not work here: {}", place.folder().display());
        assert!(
            checked.stderr.contains(&told) && checked.stderr.contains(why),
            "{}",
            checked.stderr
        );
        let started = output(ferret().arg("alert").arg(&rules).arg(&place.log));
        assert_ne!(started.code, Some(0));
        assert!(started.stderr.contains(why), "{}", started.stderr);
    }
}
