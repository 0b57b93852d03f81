//! What the server itself does, counted.

use hyper::StatusCode;
use std::sync::atomic::{AtomicU64, Ordering};

/// Since it started, or now.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Responses, by the first digit of their status.
    responses: [AtomicU64; 6],
    connections: AtomicU64,
    streams: AtomicU64,
    /// Connections that found no place.
    turned_away: AtomicU64,
    /// Streams that were ended since nobody took what they said.
    dropped: AtomicU64,
}

/// A thing that is counted while it is there.
#[derive(Debug)]
pub(super) struct Held<'a>(&'a AtomicU64);

impl Counts {
    pub(super) fn responded(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100);
        if let Some(count) = self.responses.get(class) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn connection(&self) -> Held<'_> {
        Held::new(&self.connections)
    }

    pub(super) fn stream(&self) -> Held<'_> {
        Held::new(&self.streams)
    }

    pub(super) fn turned_away(&self) {
        self.turned_away.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn dropped(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    /// Responses by class of their status: `2xx`.
    pub(crate) fn responses(&self) -> impl Iterator<Item = (String, u64)> {
        let classes = self.responses.iter().enumerate().skip(2);
        classes.map(|(class, count)| (format!("{class}xx"), count.load(Ordering::Relaxed)))
    }

    /// Connections and streams that are open, connections turned away, streams dropped.
    pub(crate) fn now(&self) -> [u64; 4] {
        [&self.connections, &self.streams, &self.turned_away, &self.dropped]
            .map(|count| count.load(Ordering::Relaxed))
    }
}

impl<'a> Held<'a> {
    fn new(count: &'a AtomicU64) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
