//! The server: what a request gets. Connections are [`connections`]' part, who may ask [`access`]'s; what is told is
//! known to others.

mod access;
mod connections;
mod counts;
mod files;
mod form;
mod login;
mod patience;
mod payload;
mod piece;
mod pool;
mod recent;
mod reply;
mod sessions;
mod stream;
mod token;

pub(super) use access::Access;
pub(super) use connections::{Stop, serve};
pub(super) use counts::Counts;
pub(super) use files::{Files, Static};
pub(super) use payload::{BrokenOff, Payload};
pub(super) use token::Token;

use super::question::{Asked, Question, WindowForm, WindowQuestion, WorkerId};
use super::serving::{Refusal, Serving};
use super::window::{Job, Windows};
use super::{health, prometheus};
use access::Asking;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_LENGTH, HeaderValue, TRANSFER_ENCODING};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use piece::Coding;
use pool::Pool;
use recent::Recent;
use reply::{Document, Reply, takes_gzip, unavailable};
use std::sync::Arc;
use stream::Streams;

/// Documents that are made at once, and those that wait for these.
const ANSWERS: (usize, usize) = (4, 250);
/// The same of what is asked by those who look after the server.
const LOOKS: (usize, usize) = (2, 10);
/// Threads for all of that, for the windows, and for the stream's own documents.
pub(super) const THREADS: usize = ANSWERS.0 + LOOKS.0 + Windows::AT_ONCE + 1;

const READ: &str = "GET, HEAD, OPTIONS";
const WRITE: &str = "POST, OPTIONS";

/// All that requests share.
#[derive(Debug)]
pub(super) struct Site {
    serving: Arc<Serving>,
    access: Access,
    files: Files,
    counts: Arc<Counts>,
    answers: Pool,
    recent: Recent,
    looks: Pool,
    windows: Windows,
    streams: Streams,
}

/// What a path is.
enum Place<'a> {
    Login,
    LoginStyle,
    File(&'a Static),
    Metrics,
    Forget(&'a str),
    Api,
    Nothing,
}

impl Site {
    pub(super) fn new(serving: Arc<Serving>, access: Access, files: Files) -> Self {
        let counts = Arc::<Counts>::default();
        Self {
            access,
            files,
            answers: Pool::new(ANSWERS.0, ANSWERS.1),
            recent: Recent::default(),
            looks: Pool::new(LOOKS.0, LOOKS.1),
            windows: Windows::default(),
            streams: Streams::new(Arc::clone(&serving), Arc::clone(&counts)),
            counts,
            serving,
        }
    }

    /// What happens here of itself: the stream's documents are made, until the server stops.
    pub(super) async fn run(&self, stop: Stop) {
        self.streams.run(stop).await;
    }

    /// Answers one request.
    async fn respond(self: Arc<Self>, request: Request<Incoming>, stop: Stop) -> Response<Payload> {
        let response = self.reply(request, stop).await.into_response();
        self.counts.responded(response.status());
        response
    }

    async fn reply(&self, request: Request<Incoming>, stop: Stop) -> Reply {
        let (head, body) = request.into_parts();
        let (path, query) = (head.uri.path(), head.uri.query().unwrap_or_default());
        let place = self.place(path);
        let allowed = match place {
            Place::Login | Place::Forget(_) => WRITE,
            Place::LoginStyle | Place::File(_) | Place::Metrics | Place::Api | Place::Nothing => {
                READ
            }
        };
        let is_form = head.method == Method::POST
            && (matches!(place, Place::Login) || path == "/" && self.access.needs_token());
        if !is_form && !matches!(place, Place::Login | Place::Forget(_)) && has_body(&head.headers)
        {
            return Reply::refused(StatusCode::PAYLOAD_TOO_LARGE, "send this without a body");
        }
        let asking = Asking { method: &head.method, uri: &head.uri, headers: &head.headers };
        if matches!(place, Place::LoginStyle) {
            return login::style();
        }
        if is_form {
            return login::posted(&self.access, asking, body).await;
        }
        // The token in the address is exchanged at once: no link or history needs to keep it.
        if path == "/"
            && self.access.needs_token()
            && let Some(token) = form::token(query)
        {
            return login::shown(&self.access, asking, &token).await;
        }
        if let Err(denied) = self.access.check(asking) {
            return login::denied(denied, asking).await;
        }
        if head.method == Method::OPTIONS {
            return Reply::empty(StatusCode::NO_CONTENT).allowing(allowed);
        }
        if !allowed.split(", ").any(|method| head.method == method) {
            let why = format!("ask this with {allowed}");
            return Reply::refused(StatusCode::METHOD_NOT_ALLOWED, &why).allowing(allowed);
        }
        match place {
            Place::File(file) => file.reply(&head.headers),
            Place::Metrics => self.metrics().await,
            Place::Forget(id) => self.forget(id).await,
            Place::Api => match Asked::parse(path, query) {
                None => nothing(path),
                Some(Err(why)) => Reply::refused(StatusCode::BAD_REQUEST, &why),
                Some(Ok(asked)) => self.asked(asked, &head.method, &head.headers, stop).await,
            },
            Place::Login | Place::LoginStyle | Place::Nothing => nothing(path),
        }
    }

    fn place<'a>(&'a self, path: &'a str) -> Place<'a> {
        if let Some(file) = self.files.at(path) {
            return Place::File(file);
        }
        match path {
            "/login" => Place::Login,
            "/login.css" => Place::LoginStyle,
            "/metrics" => Place::Metrics,
            "/healthz" => Place::Api,
            _ => {
                let worker = path.strip_prefix("/api/workers/");
                match worker.and_then(|rest| rest.strip_suffix("/forget")) {
                    Some(id) => Place::Forget(id),
                    None if path.starts_with("/api/") => Place::Api,
                    None => Place::Nothing,
                }
            }
        }
    }

    async fn asked(&self, asked: Asked, method: &Method, headers: &HeaderMap, stop: Stop) -> Reply {
        let is_head = method == Method::HEAD;
        match asked {
            Asked::Document(question) => self.document(question, takes_gzip(headers)).await,
            Asked::Health => self.health().await,
            Asked::Stream if is_head => Reply::new(stream::TYPE, Bytes::new()),
            Asked::Stream => self.streams.open(Coding::of(headers), stop),
            Asked::Window(question) if is_head => {
                Reply::new(question.form.content_type(), Bytes::new())
            }
            Asked::Window(question) => self.window(question, takes_gzip(headers)).await,
        }
    }

    async fn document(&self, question: Question, takes_gzip: bool) -> Reply {
        // What it says of itself tells it from all others.
        let name = format!("{question:?} {takes_gzip}");
        let made = self.recent.get(name, async || {
            let serving = Arc::clone(&self.serving);
            let make = move || {
                let answer = serving.answer(&question)?;
                Ok(Document::new(answer.content_type, answer.body, takes_gzip))
            };
            self.answers.run(make).await
        });
        match made.await {
            Ok(Ok(document)) => document.into_reply(),
            Ok(Err(refusal)) => refused(&refusal),
            Err(instead) => instead,
        }
    }

    async fn health(&self) -> Reply {
        let serving = Arc::clone(&self.serving);
        let look = move || {
            let (now_ms, checks) = serving.health();
            health::document(now_ms, &checks)
        };
        match self.looks.run(look).await {
            Ok((document, is_well)) => {
                let status = if is_well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
                Reply::new(reply::JSON, document).status_is(status)
            }
            Err(instead) => instead,
        }
    }

    async fn metrics(&self) -> Reply {
        let (serving, counts) = (Arc::clone(&self.serving), Arc::clone(&self.counts));
        let made =
            self.looks.run(move || serving.snapshot().map(|now| prometheus::text(&now, &counts)));
        match made.await {
            Ok(Ok(text)) => Reply::new(prometheus::TYPE, text),
            Ok(Err(refusal)) => refused(&refusal),
            Err(instead) => instead,
        }
    }

    async fn forget(&self, id: &str) -> Reply {
        let Ok(worker) = id.parse::<WorkerId>() else {
            return Reply::refused(StatusCode::NOT_FOUND, "there is no worker of this id");
        };
        let serving = Arc::clone(&self.serving);
        match self.answers.run(move || serving.forget(worker)).await {
            Ok(Ok(())) => {
                self.recent.forget();
                Reply::empty(StatusCode::NO_CONTENT)
            }
            Ok(Err(refusal)) => refused(&refusal),
            Err(instead) => instead,
        }
    }

    async fn window(&self, question: WindowQuestion, takes_gzip: bool) -> Reply {
        let serving = Arc::clone(&self.serving);
        let worker = question.worker;
        let log = match self.answers.run(move || serving.worker_log(worker)).await {
            Ok(Some(log)) => log,
            Ok(None) => {
                let why = format!("there is no worker {worker}, or its log is gone");
                return Reply::refused(StatusCode::NOT_FOUND, &why);
            }
            Err(instead) => return instead,
        };
        let Some(job) = self.windows.begin(question.clone(), log) else {
            return unavailable("two windows are being read: ask again when they are done");
        };
        match question.form {
            WindowForm::Flame { .. } => flame(job, takes_gzip).await,
            WindowForm::Export(form) => export(job, &form.name(), form.as_file().0).await,
        }
    }
}

/// A flame chart is bounded, so it is made as a whole.
async fn flame(mut job: Job, takes_gzip: bool) -> Reply {
    let mut whole = Vec::new();
    let content_type = job.content_type();
    while let Some(piece) = job.pieces.recv().await {
        match piece {
            Ok(piece) => whole.extend_from_slice(&piece),
            Err(BrokenOff) => return broken_off(job).await,
        }
    }
    let made = tokio::task::spawn_blocking(move || Document::new(content_type, whole, takes_gzip));
    made.await.map_or_else(|_panicked| bug(), Document::into_reply)
}

/// An export is sent as it is written: from its first piece on it can be refused no more, only broken off.
async fn export(mut job: Job, name: &str, ending: &str) -> Reply {
    let file = format!("ferret-{name}{ending}");
    match job.pieces.recv().await {
        Some(Ok(first)) => {
            Reply::of(job.content_type(), Payload::Begun(Some(first), job.pieces)).named(&file)
        }
        Some(Err(BrokenOff)) => broken_off(job).await,
        // Nothing happened then, and the form has no head.
        None => Reply::new(job.content_type(), Bytes::new()).named(&file),
    }
}

async fn broken_off(job: Job) -> Reply {
    job.refusal().await.map_or_else(|_panicked| bug(), |why| refused(&why))
}

fn bug() -> Reply {
    Reply::failed("the window could not be read: it is a bug")
}

fn nothing(path: &str) -> Reply {
    let known = "the API is /api/workers, stack, stages, functions, metrics, history, flame, events, \
        alerts, health, pprof, export and stream; beside it there are /metrics and /healthz";
    let path: String = path.chars().take(100).collect();
    Reply::refused(StatusCode::NOT_FOUND, &format!("there is nothing at {path:?}: {known}"))
}

fn refused(refusal: &Refusal) -> Reply {
    match refusal {
        Refusal::Question(why) => Reply::refused(StatusCode::BAD_REQUEST, why),
        Refusal::NotThere(why) => Reply::refused(StatusCode::NOT_FOUND, why),
        Refusal::Busy => unavailable(&refusal.to_string()),
        Refusal::Broken(why) => Reply::failed(why),
    }
}

/// Whether a request has more to it than its head.
fn has_body(headers: &HeaderMap) -> bool {
    let length = headers.get(CONTENT_LENGTH).map(HeaderValue::as_bytes);
    length.is_some_and(|length| length != b"0") || headers.contains_key(TRANSFER_ENCODING)
}
