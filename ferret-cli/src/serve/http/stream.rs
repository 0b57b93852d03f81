//! `/api/stream`: what changed, as server-sent events. A document is made once a tick for all who listen; who does not
//! take it in time is dropped, and comes again when he likes.

use super::connections::{Stop, stops};
use super::counts::Counts;
use super::payload::{BrokenOff, Payload};
use super::piece::{Coding, Piece};
use super::pool::Pool;
use super::reply::{Reply, unavailable};
use crate::serve::question::{Events, Question, Rows, Scope, Workers};
use crate::serve::serving::{Refusal, Serving};
use hyper::body::Bytes;
use hyper::header::HeaderValue;
use parking_lot::Mutex;
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, broadcast, mpsc};
use tokio::time::sleep;

pub(super) const TYPE: &str = "text/event-stream";

/// Streams at once.
const STREAMS: usize = 200;
/// Documents that a client may be behind with.
const BEHIND: usize = 4;
/// Nothing is told more often.
const TICK: Duration = Duration::from_secs(1);
/// A connection on which nothing is said for longer may be taken for dead.
const COMMENT: Duration = Duration::from_secs(15);
/// Events that are told at once.
const EVENTS: usize = 200;
const ROWS: usize = 500;

/// All who listen.
#[derive(Debug)]
pub(super) struct Streams {
    serving: Arc<Serving>,
    counts: Arc<Counts>,
    places: Arc<Semaphore>,
    shared: Arc<Shared>,
    pool: Pool,
}

#[derive(Debug)]
struct Shared {
    /// What a new one is told at once; none while nobody listens. The lock is held while something is told, so that
    /// who comes in between misses nothing.
    whole: Mutex<Option<Piece>>,
    told: broadcast::Sender<Piece>,
    came: Notify,
}

/// What is told at one tick.
struct Tick {
    /// With the newest events, for who is new.
    whole: Piece,
    /// With the events since the last tick, for the others.
    news: Piece,
    next_event: u64,
}

#[derive(Deserialize)]
struct Next {
    next: u64,
}

impl Streams {
    pub(super) fn new(serving: Arc<Serving>, counts: Arc<Counts>) -> Self {
        let (told, _nobody_yet) = broadcast::channel(BEHIND);
        let shared = Shared { whole: Mutex::default(), told, came: Notify::new() };
        Self {
            serving,
            counts,
            places: Arc::new(Semaphore::new(STREAMS)),
            shared: Arc::new(shared),
            pool: Pool::new(1, 0),
        }
    }

    /// Makes the documents, while somebody listens.
    pub(super) async fn run(&self, mut stop: Stop) {
        tokio::select! {
            () = stops(&mut stop) => {}
            () = self.tell() => {}
        }
    }

    async fn tell(&self) {
        let mut last: Option<(u64, u64)> = None;
        loop {
            if self.shared.told.receiver_count() == 0 {
                *self.shared.whole.lock() = None;
                last = None;
                self.shared.came.notified().await;
            }
            let changes = self.serving.changes();
            if last.is_none_or(|(told, _)| told != changes) {
                let serving = Arc::clone(&self.serving);
                let after = last.map(|(_, next)| next);
                // One that fails is made again at the next tick.
                if let Ok(Ok(tick)) = self.pool.run(move || tick(&serving, after)).await {
                    last = Some((changes, tick.next_event));
                    let mut whole = self.shared.whole.lock();
                    // Those who came meanwhile have been told nothing yet.
                    let said = if whole.is_some() { tick.news } else { tick.whole.clone() };
                    *whole = Some(tick.whole);
                    self.shared.told.send(said).ok();
                }
            }
            sleep(TICK).await;
        }
    }

    /// Begins to tell somebody.
    pub(super) fn open(&self, coding: Coding, stop: Stop) -> Reply {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return unavailable("too many listen: ask the same paths every two seconds instead");
        };
        let (to, pieces) = mpsc::channel(BEHIND);
        let (told, whole) = {
            let whole = self.shared.whole.lock();
            (self.shared.told.subscribe(), whole.clone())
        };
        self.shared.came.notify_one();
        // There is room: nothing has been said yet.
        let first = whole.unwrap_or_else(|| Piece::new(b"retry: 2000\n\n".as_slice().into()));
        to.try_send(Ok(first.begin(coding))).ok();
        let listener = Listener { to, told, counts: Arc::clone(&self.counts), coding, place };
        tokio::spawn(listener.listen(stop));
        let buffering = hyper::header::HeaderName::from_static("x-accel-buffering");
        let reply = Reply::of(TYPE, Payload::Coming(pieces));
        coding.tell(reply.with(buffering, HeaderValue::from_static("no")))
    }
}

/// One who listens.
struct Listener {
    to: mpsc::Sender<Result<Bytes, BrokenOff>>,
    told: broadcast::Receiver<Piece>,
    counts: Arc<Counts>,
    coding: Coding,
    place: OwnedSemaphorePermit,
}

impl Listener {
    async fn listen(mut self, mut stop: Stop) {
        let counts = Arc::clone(&self.counts);
        let _held = (counts.stream(), self.place);
        loop {
            let said = tokio::select! {
                () = stops(&mut stop) => return,
                () = self.to.closed() => return,
                told = self.told.recv() => match told {
                    Ok(said) => said,
                    Err(broadcast::error::RecvError::Closed) => return,
                    Err(broadcast::error::RecvError::Lagged(_)) => return counts.dropped(),
                },
                () = sleep(COMMENT) => Piece::new(b": still here\n\n".as_slice().into()),
            };
            if self.to.try_send(Ok(said.in_coding(self.coding))).is_err() {
                return counts.dropped();
            }
        }
    }
}

fn tick(serving: &Serving, after: Option<u64>) -> Result<Tick, Refusal> {
    let ask = |question| serving.answer(&question).map(|answer| answer.body);
    let events = |after| {
        ask(Question::Events(Events { scope: Scope::default(), range: None, after, limit: EVENTS }))
    };
    let workers = ask(Question::Workers(Workers { scope: Scope::default(), limit: ROWS }))?;
    let stages =
        ask(Question::Stages(Rows { scope: Scope::default(), filter: None, limit: ROWS }))?;
    let alerts = ask(Question::Alerts)?;
    // Those behind first: what happens in between is told twice, not never.
    let news = after.map(|after| events(Some(after))).transpose()?;
    let newest = events(None)?;
    let last = news.as_ref().unwrap_or(&newest);
    let next_event = serde_json::from_slice::<Next>(last).map_or(after.unwrap_or(0), |it| it.next);
    let message = |events: &[u8]| Piece::new(message(&workers, &stages, events, &alerts));
    let whole = message(&newest);
    let news = news.map_or_else(|| whole.clone(), |news| message(&news));
    Ok(Tick { whole, news, next_event })
}

/// The documents as one event. Lines are ended, as an event's data goes on in another `data:` line.
fn message(workers: &[u8], stages: &[u8], events: &[u8], alerts: &[u8]) -> Bytes {
    let mut message = b"event: now\ndata: {".to_vec();
    let parts = [("workers", workers), ("stages", stages), ("events", events), ("alerts", alerts)];
    for (index, (name, document)) in parts.into_iter().enumerate() {
        let comma = if index > 0 { "," } else { "" };
        message.extend_from_slice(format!("{comma}\"{name}\":").as_bytes());
        for line in document.split_inclusive(|byte| *byte == b'\n') {
            message.extend_from_slice(line);
            if line.ends_with(b"\n") {
                message.extend_from_slice(b"data: ");
            }
        }
    }
    message.extend_from_slice(b"}\n\n");
    message.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::runtime::Builder;
    use tokio::sync::watch;

    #[test]
    fn an_event_is_one_json_object_over_as_many_lines_as_it_has() {
        let said = message(b"{\n\"a\": 1\n}", b"{}", b"[2]", b"null");
        let said = std::str::from_utf8(&said).unwrap();
        let data: Vec<_> = said.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
        let value: serde_json::Value = serde_json::from_str(&data.join("\n")).unwrap();
        let expect = serde_json::json!({ "workers": { "a": 1 }, "stages": {}, "events": [2], "alerts": null });
        assert_eq!(value, expect);
        assert!(said.starts_with("event: now\n") && said.ends_with("\n\n"));
    }

    /// One who listens, and what is told, and what he has taken.
    struct Heard {
        told: broadcast::Sender<Piece>,
        pieces: mpsc::Receiver<Result<Bytes, BrokenOff>>,
        counts: Arc<Counts>,
        stops: watch::Sender<bool>,
        listening: tokio::task::JoinHandle<()>,
    }

    fn listen() -> Heard {
        let (to, pieces) = mpsc::channel(BEHIND);
        let (told, listening) = broadcast::channel(BEHIND);
        let counts = Arc::<Counts>::default();
        let place = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
        let (stops, stop) = watch::channel(false);
        let (told_to, coding) = (listening, Coding::Plain);
        let listener = Listener { to, told: told_to, counts: Arc::clone(&counts), coding, place };
        let listening = tokio::spawn(listener.listen(stop));
        Heard { told, pieces, counts, stops, listening }
    }

    fn check(test: impl Future<Output = ()>) {
        Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
    }

    #[test]
    fn who_takes_nothing_is_dropped_and_not_remembered() {
        check(async {
            let mut heard = listen();
            let mut said = 0;
            while heard.told.send(Piece::new(Bytes::from_static(b"x"))).is_ok() {
                said += 1;
                assert!(said <= 3 * BEHIND, "nobody takes it");
                tokio::task::yield_now().await;
            }
            heard.listening.await.unwrap();
            assert_eq!(heard.counts.now()[1], 0);
            assert_eq!(heard.counts.now()[3], 1);
            // What was on its way still comes, and then the end.
            let mut taken = 0;
            while heard.pieces.recv().await.is_some() {
                taken += 1;
            }
            assert_eq!(taken, BEHIND);
        });
    }

    #[test]
    fn listening_ends_with_the_server_or_with_who_listens() {
        check(async {
            let heard = listen();
            heard.stops.send_replace(true);
            heard.listening.await.unwrap();
            let heard = listen();
            drop(heard.pieces);
            heard.listening.await.unwrap();
            assert_eq!(heard.counts.now()[3], 0, "neither was too slow");
        });
    }
}
