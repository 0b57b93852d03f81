//! The token: refused without, accepted with, and never given away.

use super::client::Server;
use super::{record, token_file};
use ferret_tests::{ferret, output};

const TOKEN: &str = "correct-horse-battery-staple";

#[test]
fn beyond_this_machine_it_does_not_start_without_a_good_token() {
    let place = record("stages", &[]);
    let check = |listen: &str, token: Option<(&str, u32)>, part: &str| {
        let mut command = ferret();
        command.arg("serve").arg(&place.log).args(["--listen", listen]);
        if let Some((token, mode)) = token {
            command.arg("--token-file").arg(token_file(place.folder(), token, mode));
        }
        let done = output(&mut command);
        assert_eq!(done.code, Some(2), "{listen} {token:?}: {}", done.stderr);
        assert!(done.stderr.contains(part), "{listen} {token:?}: {}", done.stderr);
        assert!(!done.stderr.contains(TOKEN), "{}", done.stderr);
    };
    check("0.0.0.0:0", None, "--token-file");
    check("[::]:0", None, "--token-file");
    check("0.0.0.0:0", Some(("", 0o600)), "is empty");
    check("0.0.0.0:0", Some(("hunter2", 0o600)), "can be guessed");
    check("0.0.0.0:0", Some((TOKEN, 0o644)), "chmod 600");
    // A bad token is no better on the loopback.
    check("127.0.0.1:0", Some(("hunter2", 0o600)), "can be guessed");
}

#[test]
fn everything_needs_the_token_and_any_name_will_do_with_it() {
    let place = record("stages", &[]);
    let file = token_file(place.folder(), TOKEN, 0o600);
    let args = [place.log.as_os_str(), "--token-file".as_ref(), file.as_os_str()];
    let server = Server::start_at("0.0.0.0:0", &args);
    for path in
        ["/", "/api/workers", "/metrics", "/healthz", "/api/stream", "/api/nothing", "/x.js"]
    {
        let answer = server.get(path);
        assert_eq!(answer.status, 401, "{path}");
        assert!(answer.header("www-authenticate").starts_with("Bearer"), "{path}");
        let wrong = server.ask("GET", path, &["Authorization: Bearer correct-horse"], "");
        assert_eq!(wrong.status, 401, "{path}: {wrong:?}");
    }
    let bearer = format!("Authorization: Bearer {TOKEN}");
    let other = Server::start_at("0.0.0.0:0", &args);
    let answer = other.ask("GET", "/api/workers", &[&bearer, "Host: box.example"], "");
    assert_eq!(answer.status, 200, "{answer:?}");
    let login = other.ask("GET", "/", &["Accept: text/html"], "");
    assert_eq!((login.status, login.text().contains("<form")), (401, true));
    assert!(login.header("content-type").starts_with("text/html"));
}

#[test]
fn a_browser_shows_it_once_and_keeps_a_session() {
    let place = record("stages", &[]);
    let file = token_file(place.folder(), TOKEN, 0o600);
    let args = [place.log.as_os_str(), "--token-file".as_ref(), file.as_os_str()];
    let server = Server::start(&args);
    let by_address = server.get(&format!("/?token={TOKEN}"));
    let form = format!("token={TOKEN}");
    let by_form = server.ask("POST", "/login", &[], &form);
    // A wrong one in the address is not in the way of the right one.
    let in_place = server.ask("POST", "/?token=0123456789abcdef", &[], &form);
    for answer in [by_address, by_form, in_place] {
        assert_eq!((answer.status, answer.header("location")), (303, "/"), "{answer:?}");
        let cookie = answer.header("set-cookie");
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
        assert!(!cookie.contains(TOKEN), "{cookie}");
        let pair = format!("Cookie: {}", cookie.split(';').next().unwrap_or_default());
        assert_eq!(server.ask("GET", "/api/workers", &[&pair], "").status, 200);
        let forget = format!("/api/workers/{}/forget", "0".repeat(32));
        let foreign = server.ask("POST", &forget, &[&pair, "Origin: http://evil.example"], "");
        assert_eq!(foreign.status, 403);
        assert_eq!(server.ask("POST", &forget, &[&pair], "").status, 404);
    }
    for path in ["/", "/login"] {
        let foreign = server.ask("POST", path, &["Origin: http://evil.example"], &form);
        assert_eq!(foreign.status, 403, "{path}");
    }
    let elsewhere = server.ask("GET", "/metrics", &["Accept: text/html"], "");
    assert!(elsewhere.text().contains("<form method=\"post\" action=\"/login\">"));
    assert_eq!(server.get("/login.css").status, 200, "the form's style needs no token");
}

#[test]
fn a_token_with_a_plus_is_let_in_however_its_address_is_written() {
    let token = "aQ+/3vJm+Zt8+kPw==";
    let place = record("stages", &[]);
    let file = token_file(place.folder(), token, 0o600);
    let args = [place.log.as_os_str(), "--token-file".as_ref(), file.as_os_str()];
    let server = Server::start(&args);
    for written in [token.to_owned(), token.replace('+', "%2B").replace('/', "%2F")] {
        assert_eq!(server.get(&format!("/?token={written}")).status, 303, "{written}");
        let form = format!("token={written}");
        assert_eq!(server.ask("POST", "/login", &[], &form).status, 303, "{written}");
    }
}

#[test]
fn who_guesses_is_slowed_down_and_shuts_nobody_out() {
    let place = record("stages", &[]);
    let file = token_file(place.folder(), TOKEN, 0o600);
    let args = [place.log.as_os_str(), "--token-file".as_ref(), file.as_os_str()];
    let server = Server::start(&args);
    let began = super::now();
    for _ in 0..12 {
        assert_eq!(server.get("/?token=0123456789abcdef").status, 401);
    }
    assert!(began.elapsed() >= std::time::Duration::from_secs(6));
    assert_eq!(server.get(&format!("/?token={TOKEN}")).status, 303);
}
