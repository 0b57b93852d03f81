//! Coming in: the token is shown once, by form or address, and a session is kept instead. And what those get who may
//! not ask.

use super::access::{Access, Asking, Denied};
use super::form;
use super::reply::Reply;
use hyper::StatusCode;
use hyper::body::{Body as _, Incoming};
use hyper::header::{ACCEPT, HeaderValue, LOCATION, SET_COOKIE, WWW_AUTHENTICATE};
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// Who was wrong waits so long.
const DELAY: Duration = Duration::from_millis(500);
/// Bytes of a form at most, and how long they may take.
const FORM: (usize, Duration) = (8_192, Duration::from_secs(10));

/// At `/` it has no `action`: it is sent to where it is, so that what stands behind `#`, the view that was asked for, stays.
const PAGE: &str = "<!doctype html>
<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">
<title>Ferret</title><link rel=\"stylesheet\" href=\"/login.css\">
<main><h1>Ferret</h1>
<form method=\"post\"ACTION>
<label for=\"token\">The token that this server was started with</label>
<input id=\"token\" name=\"token\" type=\"password\" autocomplete=\"current-password\" required autofocus>
<button>Log in</button>
</form>
<p role=\"alert\">MESSAGE</p>
</main></html>
";

/// The style of the form, which needs no token.
pub(super) fn style() -> Reply {
    Reply::new("text/css; charset=utf-8", include_str!("login.css"))
}

/// The form was sent.
pub(super) async fn posted(access: &Access, asking: Asking<'_>, body: Incoming) -> Reply {
    let form = match timeout(FORM.1, read(body)).await {
        Ok(Ok(form)) => form,
        Ok(Err(refused)) => return refused,
        Err(_took_too_long) => {
            return Reply::refused(StatusCode::REQUEST_TIMEOUT, "the form did not arrive");
        }
    };
    let token = std::str::from_utf8(&form).ok().and_then(form::token);
    shown(access, asking, &token.unwrap_or_default()).await
}

/// A token was shown.
pub(super) async fn shown(access: &Access, asking: Asking<'_>, token: &str) -> Reply {
    match access.log_in(asking, token).map(HeaderValue::try_from) {
        Ok(Ok(cookie)) => Reply::empty(StatusCode::SEE_OTHER)
            .with(LOCATION, HeaderValue::from_static("/"))
            .with(SET_COOKIE, cookie),
        Ok(Err(_no_header)) => Reply::failed("the session has no name"),
        Err(denied) => self::denied(denied, asking).await,
    }
}

/// What those get who may not ask.
pub(super) async fn denied(denied: Denied, asking: Asking<'_>) -> Reply {
    if denied == Denied::WrongToken {
        sleep(DELAY).await;
    }
    let (status, why) = match denied {
        Denied::Host => (
            StatusCode::FORBIDDEN,
            "without a token this is reached as localhost or 127.0.0.1 alone: start it with \
             --token-file to give it another name",
        ),
        Denied::Origin => (StatusCode::FORBIDDEN, "a page of another server may not ask this"),
        Denied::NoToken => (
            StatusCode::UNAUTHORIZED,
            "show the token: Authorization: Bearer TOKEN, or in a browser at /",
        ),
        Denied::WrongToken => (StatusCode::UNAUTHORIZED, "this is not the token"),
    };
    let is_login = matches!(denied, Denied::NoToken | Denied::WrongToken);
    let reply = if is_login && wants_page(asking) {
        let message = if denied == Denied::NoToken { "" } else { why };
        let action = if asking.uri.path() == "/" { "" } else { " action=\"/login\"" };
        let page = PAGE.replace("ACTION", action).replace("MESSAGE", message);
        Reply::new("text/html; charset=utf-8", page).status_is(status)
    } else {
        Reply::refused(status, why)
    };
    if status == StatusCode::UNAUTHORIZED {
        reply.with(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"ferret\""))
    } else {
        reply
    }
}

/// Whether a person asks, who can fill in a form.
fn wants_page(asking: Asking<'_>) -> bool {
    let accepts = asking.headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
    !asking.uri.path().starts_with("/api/") && accepts.is_some_and(|all| all.contains("text/html"))
}

async fn read(mut body: Incoming) -> Result<Vec<u8>, Reply> {
    let mut form = Vec::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let frame = frame.map_err(|_broken| {
            Reply::refused(StatusCode::BAD_REQUEST, "the form did not arrive as a whole")
        })?;
        let Ok(data) = frame.into_data() else { continue };
        if form.len() + data.len() > FORM.0 {
            return Err(Reply::refused(StatusCode::PAYLOAD_TOO_LARGE, "the form is too long"));
        }
        form.extend_from_slice(&data);
    }
    Ok(form)
}
