//! Connections: so many at once, none that dawdles, and all of them ended when the server stops.

use super::Site;
use super::patience::Patient;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// Connections at once.
pub(super) const CONNECTIONS: usize = 512;
/// From a connection's last answer to the end of the next request's head.
const HEAD: Duration = Duration::from_secs(10);
/// How long a client may take nothing of what it asked for.
const WRITE: Duration = Duration::from_secs(20);
/// The head of a request at most, bytes; and its headers.
const HEAD_BYTES: usize = 16 << 10;
const HEADERS: usize = 64;
/// What is under way when the server stops has so long.
const FAREWELL: Duration = Duration::from_millis(400);
/// When there is no room for a connection, there may be soon.
const NO_ROOM: Duration = Duration::from_millis(100);

const TURNED_AWAY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\n\
    content-length: 0\r\nconnection: close\r\n\r\n";

/// Whether the server stops: true from then on.
pub(crate) type Stop = watch::Receiver<bool>;

/// Waits until the server stops.
pub(super) async fn stops(stop: &mut Stop) {
    // Without whoever would say so it stops, too.
    stop.wait_for(|stops| *stops).await.map(drop).ok();
}

/// Serves whoever connects, until the server stops.
pub(crate) async fn serve(listener: TcpListener, site: Arc<Site>, mut stop: Stop) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            () = stops(&mut stop) => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _peer)) => match Arc::clone(&places).try_acquire_owned() {
                    Ok(place) => {
                        tasks.spawn(one(stream, Arc::clone(&site), stop.clone(), place));
                    }
                    Err(_none_is_free) => turn_away(&site, &stream),
                },
                // No descriptors, or the client has gone: neither lasts.
                Err(_for_now) => sleep(NO_ROOM).await,
            },
            Some(_ended) = tasks.join_next() => {}
        }
    }
    drop(listener);
    let all_ended = async { while tasks.join_next().await.is_some() {} };
    // Those that are left are closed with the runtime.
    timeout(FAREWELL, all_ended).await.ok();
}

async fn one(stream: TcpStream, site: Arc<Site>, mut stop: Stop, _place: OwnedSemaphorePermit) {
    let counts = Arc::clone(&site.counts);
    let _held = counts.connection();
    // Answers are written as a whole: waiting to fill a packet only delays them.
    stream.set_nodelay(true).ok();
    let ending = stop.clone();
    let service = service_fn(move |request| {
        let response = Arc::clone(&site).respond(request, ending.clone());
        async move { Ok::<_, Infallible>(response.await) }
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .max_buf_size(HEAD_BYTES)
            .max_headers(HEADERS)
            .serve_connection(TokioIo::new(Patient::new(stream, WRITE)), service)
    );
    // What goes wrong with a connection is its client's own affair.
    tokio::select! {
        _ended = connection.as_mut() => {}
        () = stops(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await.ok();
        }
    }
}

/// Says that there is no place, if that can be said at once.
fn turn_away(site: &Site, stream: &TcpStream) {
    site.counts.turned_away();
    stream.try_write(TURNED_AWAY).ok();
}
