//! Who may ask: as requests come.

use super::*;
use hyper::header::HeaderValue;

const TOKEN: &str = "0123456789abcdef0123";

fn open() -> Access {
    Access::new("127.0.0.1:5440".parse().unwrap(), None)
}

fn closed() -> Access {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, TOKEN).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&path, mode).unwrap();
    Access::new("0.0.0.0:5440".parse().unwrap(), Some(Token::read(&path).unwrap()))
}

fn headers(all: &[(&'static str, &str)]) -> HeaderMap {
    let header = |(name, value): &(&'static str, &str)| {
        (hyper::header::HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
    };
    all.iter().map(header).collect()
}

fn ask(
    access: &Access,
    method: &Method,
    uri: &str,
    all: &[(&'static str, &str)],
) -> Result<(), Denied> {
    let (uri, headers) = (uri.parse().unwrap(), headers(all));
    access.check(Asking { method, uri: &uri, headers: &headers })
}

fn log_in(access: &Access, shown: &str) -> Result<String, Denied> {
    let (uri, headers) = (Uri::from_static("/login"), headers(&[("host", "box:5440")]));
    access.log_in(Asking { method: &Method::POST, uri: &uri, headers: &headers }, shown)
}

/// A new one.
fn session(access: &Access) -> String {
    let cookie = log_in(access, TOKEN).unwrap();
    cookie.split(['=', ';']).nth(1).unwrap().to_owned()
}

#[track_caller]
fn check_host(host: &str, expect: bool) {
    let asked = ask(&open(), &Method::GET, "/", &[("host", host)]);
    assert_eq!(asked.is_ok(), expect, "{host}: {asked:?}");
}

#[test]
fn without_a_token_only_names_of_this_machine_are_answered() {
    for host in ["localhost", "LocalHost:5440", "127.0.0.1:5440", "127.0.0.1", "[::1]:99", "[::1]"]
    {
        check_host(host, true);
    }
    let foreign = [
        "evil.example",
        "evil.example:5440",
        "localhost.evil.example",
        "10.0.0.1:5440",
        "",
        ":5440",
    ];
    for host in foreign {
        check_host(host, false);
    }
    assert_eq!(ask(&open(), &Method::GET, "/", &[]), Err(Denied::Host));
    let named = ask(&open(), &Method::GET, "http://evil.example/", &[("host", "localhost")]);
    assert_eq!(named, Err(Denied::Host));
}

#[test]
fn a_page_of_another_server_changes_nothing() {
    let post = |origin: &[(&'static str, &str)]| {
        let all = [&[("host", "localhost:5440")], origin].concat();
        ask(&open(), &Method::POST, "/api/workers/0/forget", &all)
    };
    assert_eq!(post(&[]), Ok(()), "a program that is no browser");
    assert_eq!(post(&[("origin", "http://localhost:5440")]), Ok(()));
    assert_eq!(post(&[("sec-fetch-site", "same-origin")]), Ok(()));
    for origin in ["http://evil.example", "http://localhost:8080", "null", ""] {
        assert_eq!(post(&[("origin", origin)]), Err(Denied::Origin), "{origin}");
    }
    assert_eq!(post(&[("sec-fetch-site", "cross-site")]), Err(Denied::Origin));
    assert_eq!(post(&[("sec-fetch-site", "same-site")]), Err(Denied::Origin));
    let claims = [("sec-fetch-site", "cross-site"), ("origin", "http://localhost:5440")];
    assert_eq!(post(&claims), Err(Denied::Origin));
}

#[test]
fn a_page_behind_a_proxy_is_our_own() {
    let access = closed();
    let post = |host: &str, more: &[(&'static str, &str)]| {
        let token = format!("ferret-5440={}", session(&access));
        let all = [&[("host", host), ("cookie", &token)], more].concat();
        ask(&access, &Method::POST, "/", &all)
    };
    // As nginx and Apache ask, told nothing else.
    let upstream = "127.0.0.1:5440";
    let origin = ("origin", "https://ferret.example");
    assert_eq!(post(upstream, &[origin, ("sec-fetch-site", "same-origin")]), Ok(()));
    assert_eq!(post(upstream, &[origin, ("sec-fetch-site", "same-site")]), Err(Denied::Origin));
    // A browser says nothing of a site where the page came without TLS.
    assert_eq!(post(upstream, &[origin]), Err(Denied::Origin));
    assert_eq!(post("ferret.example", &[origin]), Ok(()));
    assert_eq!(post("Ferret.Example:443", &[origin]), Ok(()));
    assert_eq!(post("ferret.example:80", &[origin]), Err(Denied::Origin));
    assert_eq!(post("ferret.example", &[("origin", "http://ferret.example:80")]), Ok(()));
    assert_eq!(
        post("ferret.example", &[("origin", "http://ferret.example:443")]),
        Err(Denied::Origin)
    );
}

#[test]
fn with_a_token_everybody_shows_it_by_whatever_name() {
    let access = closed();
    let show = |shown: &str| {
        let all = [("host", "box.example"), ("authorization", shown)];
        ask(&access, &Method::GET, "/metrics", &all)
    };
    assert_eq!(show(&format!("Bearer {TOKEN}")), Ok(()));
    assert_eq!(show(&format!("bearer  {TOKEN}")), Ok(()));
    assert_eq!(show("Bearer 0123456789abcdef0124"), Err(Denied::WrongToken));
    assert_eq!(show(&format!("Basic {TOKEN}")), Err(Denied::NoToken));
    assert_eq!(ask(&access, &Method::GET, "/", &[("host", "box")]), Err(Denied::NoToken));
}

#[test]
fn a_session_is_no_token_and_stands_for_it() {
    let access = closed();
    let cookie = log_in(&access, TOKEN).unwrap();
    assert!(cookie.ends_with("; HttpOnly; SameSite=Lax") && !cookie.contains(TOKEN), "{cookie}");
    let pair = cookie.split(';').next().unwrap();
    assert!(pair.starts_with("ferret-5440="), "{pair}");
    let show = |method: &Method, cookie: &str, origin: &str| {
        let all = [("host", "box:5440"), ("cookie", cookie), ("origin", origin)];
        ask(&access, method, "/", &all)
    };
    assert_eq!(show(&Method::GET, &format!("a=b; {pair}"), "null"), Ok(()));
    assert_eq!(show(&Method::GET, &format!("ferret-5440={TOKEN}"), "null"), Err(Denied::NoToken));
    assert_eq!(
        show(&Method::GET, &pair.replace("ferret-5440", "ferret-1"), ""),
        Err(Denied::NoToken)
    );
    assert_eq!(show(&Method::POST, pair, "http://box:5440"), Ok(()));
    assert_eq!(show(&Method::POST, pair, "http://evil.example"), Err(Denied::Origin));
}

#[test]
fn who_guesses_shuts_nobody_out() {
    let access = closed();
    for _ in 0..100 {
        assert_eq!(log_in(&access, "a guess"), Err(Denied::WrongToken));
    }
    assert!(log_in(&access, TOKEN).is_ok());
}
