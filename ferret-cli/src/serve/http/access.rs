//! Who may ask.
//!
//! Without a token the server listens on the loopback alone, and a page from elsewhere could still reach it through
//! the visitor's browser: by a name that leads here (so `Host` must be one of ours) or by a form (so `Origin` must be
//! the page's own, if the browser does not say so by `Sec-Fetch-Site`). With a token everybody shows it, or the session that was given for it; it is compared in constant
//! time. Who shows the right one is always heard: were an address shut out for its wrong ones, anybody behind the same
//! proxy could shut out all. What keeps a token from being guessed is its length.

use super::sessions::Sessions;
use super::token::Token;
use hyper::header::{AUTHORIZATION, COOKIE, HOST, HeaderMap, ORIGIN};
use hyper::{Method, Uri};
use parking_lot::Mutex;
use std::net::{IpAddr, SocketAddr};
use tokio::time::Instant;

/// The rule of one server.
#[derive(Debug)]
pub(crate) struct Access {
    secret: Option<Secret>,
    listen: SocketAddr,
}

#[derive(Debug)]
struct Secret {
    token: Token,
    /// Cookies know no ports, so that of another server on this machine has another name.
    cookie: String,
    sessions: Mutex<Sessions>,
}

/// Why somebody may not ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Denied {
    /// The name that was asked for is not ours.
    Host,
    /// A page of another server asks.
    Origin,
    /// Nothing was shown.
    NoToken,
    /// Something else was shown.
    WrongToken,
}

/// Who asks what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asking<'a> {
    pub(super) method: &'a Method,
    pub(super) uri: &'a Uri,
    pub(super) headers: &'a HeaderMap,
}

impl Access {
    /// Of a server that listens there.
    pub(crate) fn new(listen: SocketAddr, token: Option<Token>) -> Self {
        let secret = token.map(|token| Secret {
            token,
            cookie: format!("ferret-{}", listen.port()),
            sessions: Mutex::default(),
        });
        Self { secret, listen }
    }

    /// Whether a token is needed.
    pub(super) fn needs_token(&self) -> bool {
        self.secret.is_some()
    }

    /// Whether this may be answered.
    ///
    /// # Errors
    ///
    /// Why not.
    pub(super) fn check(&self, asking: Asking<'_>) -> Result<(), Denied> {
        self.check_host(asking)?;
        let Some(secret) = &self.secret else { return check_origin(asking) };
        if let Some(shown) = bearer(asking.headers) {
            return secret.check_token(shown.as_bytes());
        }
        let now = Instant::now();
        let mut sessions = secret.sessions.lock();
        if !cookies(asking.headers, &secret.cookie).any(|shown| sessions.has(shown, now)) {
            return Err(Denied::NoToken);
        }
        check_origin(asking)
    }

    /// Lets somebody in who shows the token: what his browser is to keep.
    ///
    /// # Errors
    ///
    /// It is not the token, or there is none.
    pub(super) fn log_in(&self, asking: Asking<'_>, shown: &str) -> Result<String, Denied> {
        self.check_host(asking)?;
        check_origin(asking)?;
        let secret = self.secret.as_ref().ok_or(Denied::NoToken)?;
        secret.check_token(shown.as_bytes())?;
        let session = secret.sessions.lock().begin(Instant::now()).ok_or(Denied::NoToken)?;
        // Who follows a link from elsewhere is let in, too: it only reads, and what changes something is checked.
        let (cookie, seconds) = (&secret.cookie, super::sessions::LASTS.as_secs());
        Ok(format!("{cookie}={session}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax"))
    }

    /// Who knows the token is asked for no name: it may have any, behind a proxy.
    fn check_host(&self, asking: Asking<'_>) -> Result<(), Denied> {
        if self.secret.is_some() {
            return Ok(());
        }
        let host = asking.headers.get(HOST).and_then(|host| host.to_str().ok());
        let named = asking.uri.authority().map(hyper::http::uri::Authority::as_str);
        let is_ours = |name: &str| is_loopback(name, self.listen.ip());
        if host.is_some_and(is_ours) && named.is_none_or(is_ours) {
            Ok(())
        } else {
            Err(Denied::Host)
        }
    }
}

impl Secret {
    fn check_token(&self, shown: &[u8]) -> Result<(), Denied> {
        if self.token.is(shown) { Ok(()) } else { Err(Denied::WrongToken) }
    }
}

/// A browser says which page sends a form or fetches; other programs say nothing.
fn check_origin(asking: Asking<'_>) -> Result<(), Denied> {
    if *asking.method != Method::POST {
        return Ok(());
    }
    let text = |name| asking.headers.get(name).map(|value| value.to_str().unwrap_or("no text"));
    let is_ours = match (text("sec-fetch-site"), text(ORIGIN.as_str())) {
        // No page can change what its browser says here, and a proxy that asks by another name leaves it as it is.
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => is_origin_of(origin, text(HOST.as_str()).unwrap_or_default()),
        (None, None) => true,
    };
    if is_ours { Ok(()) } else { Err(Denied::Origin) }
}

/// Whether pages from `host` have this origin. The port that a scheme has anyway may be left out of both.
fn is_origin_of(origin: &str, host: &str) -> bool {
    let Some((scheme, of)) = origin.split_once("://") else { return false };
    let usual = match scheme {
        "https" => ":443",
        "http" => ":80",
        _ => return false,
    };
    let bare = |name: &str| name.strip_suffix(usual).unwrap_or(name).to_ascii_lowercase();
    bare(of) == bare(host)
}

/// Whether a name with or without a port means this machine and no other. Any port: it may be forwarded.
fn is_loopback(name: &str, listen: IpAddr) -> bool {
    if let Ok(address) = name.parse::<SocketAddr>() {
        return address.ip().is_loopback() || address.ip() == listen;
    }
    let bare = name.rsplit_once(':').filter(|(_, port)| port.bytes().all(|c| c.is_ascii_digit()));
    let bare = bare.map_or(name, |(bare, _)| bare);
    if bare.eq_ignore_ascii_case("localhost") {
        return true;
    }
    let bare = bare.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(bare);
    bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback() || address == listen)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn cookies<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    let all = headers.get_all(COOKIE).into_iter().filter_map(|all| all.to_str().ok());
    all.flat_map(|all| all.split(';')).filter_map(move |one| {
        let (found, value) = one.trim().split_once('=')?;
        (found == name).then_some(value)
    })
}

#[cfg(test)]
#[path = "access_tests.rs"]
mod tests;
