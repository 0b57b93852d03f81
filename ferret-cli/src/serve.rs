//! `ferret serve`: a page, numbers for other systems, and the API of both, from logs that others write.
//!
//! This file has the command line, and starts and stops the parts: what is told is known to [`serving`], what can be
//! asked is [`question`]'s, and how it comes over the network [`http`]'s.

mod answer;
mod frozen;
mod health;
mod http;
mod page;
mod prometheus;
mod question;
mod serving;
mod window;

pub(crate) use frozen::page as frozen_page;

use crate::fleet::Keep;
use crate::when::parse_duration;
use crate::{child, exit};
use anyhow::{Context as _, anyhow, bail};
use clap::Args;
use http::{Access, Files, Site, Token};
use serving::Serving;
use std::future::poll_fn;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Where it listens unless said.
const PORT: u16 = 5440;
/// Threads for the connections; what takes a moment has its own.
const WORKERS: usize = 2;
/// What is being read when the server stops is not waited for any longer.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// What to serve, and to whom.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    settings: Settings,
    /// Where to listen. Beyond this machine only with --token-file
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:5440", value_parser = address)]
    listen: SocketAddr,
    /// A file that only you can read, with what everybody must show who asks: 16 bytes or more
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

/// What is told, and how.
#[derive(Debug, Args)]
pub(crate) struct Settings {
    /// Logs, each with the logs of its run, or folders of logs
    #[arg(required = true, value_name = "LOG")]
    pub(crate) logs: Vec<PathBuf>,
    /// A worker that has done nothing for so long, with no span open, is shown as a zombie
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = parse_duration)]
    pub(crate) zombie_after: Duration,
    /// Where the history is kept; it is made anew from the logs if it is lost
    #[arg(long, value_name = "FILE")]
    pub(crate) store: Option<PathBuf>,
    /// How long the history is kept, by how fine it is
    #[arg(long, value_name = "LEVELS", default_value = "10s=6h,5m=7d,1h=400d")]
    pub(crate) keep: Keep,
    /// A worker whose log is gone is forgotten so long after its end
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) forget_after: Option<Duration>,
    /// Rules of alerts: see `ferret alert`
    #[arg(long, value_name = "FILE")]
    pub(crate) rules: Option<PathBuf>,
}

/// Serves until it is told to stop.
///
/// # Errors
///
/// It cannot begin.
pub(crate) fn run(args: &ServeArgs) -> anyhow::Result<ExitCode> {
    let token = args.token_file.as_deref().map(Token::read).transpose()?;
    if token.is_none() && !args.listen.ip().is_loopback() {
        bail!(
            "{} can be reached from other machines: give --token-file FILE, or listen on 127.0.0.1",
            args.listen
        );
    }
    let listener = listen(args.listen)?;
    let address = listener.local_addr().context("asking for the address")?;
    for missing in args.settings.logs.iter().filter(|path| !path.exists()) {
        let missing = missing.display();
        exit::say(format_args!("{missing} is not there yet: it is read when it is"));
    }
    let serving = Arc::new(Serving::start(&args.settings)?);
    let site = Site::new(Arc::clone(&serving), Access::new(address, token), files());
    let runtime = Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .max_blocking_threads(http::THREADS)
        .thread_name("ferret-serve")
        .enable_all()
        .build()
        .context("starting the server's threads")?;
    let served = runtime.block_on(serve(listener, site));
    // A long answer that nobody waits for any more must not hold the end up.
    runtime.shutdown_timeout(LAST_WORDS);
    serving.stop();
    served.map(|()| ExitCode::SUCCESS)
}

async fn serve(listener: std::net::TcpListener, site: Site) -> anyhow::Result<()> {
    let address = listener.local_addr().context("asking for the address")?;
    let listener = TcpListener::from_std(listener).context("listening")?;
    let mut signals = Vec::new();
    // Those that were to be ignored, as of a job of `nohup`, still are.
    let ignored = child::ignored_signals();
    for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()] {
        if ignored & (1_u64 << (kind.as_raw_value() - 1)) == 0 {
            signals.push(signal(kind).context("asking to be told of signals")?);
        }
    }
    let (stops, is_told) = watch::channel(false);
    let site = Arc::new(site);
    let serving = tokio::spawn(http::serve(listener, Arc::clone(&site), is_told.clone()));
    let itself = tokio::spawn(async move { site.run(is_told).await });
    exit::say(format_args!("serving at http://{address}/ until Ctrl-C"));
    // The first of them.
    poll_fn(|context| {
        let is_told = signals.iter_mut().any(|signal| signal.poll_recv(context).is_ready());
        if is_told { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    stops.send_replace(true);
    itself.await.context("what the server tells of itself")?;
    serving.await.context("serving")
}

/// The page's.
fn files() -> Files {
    let files = page::FILES.iter();
    Files::new(files.map(|file| (file.path, file.content_type, file.text.as_bytes())))
}

/// An address to listen at. Names are not looked up: they may be several, and others tomorrow.
fn address(text: &str) -> Result<SocketAddr, String> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    if let Ok(ip) = text.parse() {
        return Err(format!("the port is missing: write {}", SocketAddr::new(ip, PORT)));
    }
    let (host, port) = text.rsplit_once(':').unwrap_or(("", text));
    let is_here = host.is_empty() || host.eq_ignore_ascii_case("localhost");
    Err(match port.parse::<u16>() {
        Ok(port) if is_here => format!("this has no address: write 127.0.0.1:{port}"),
        _ => format!(
            "this is no address with a port: write it like 127.0.0.1:{PORT}; names are not looked up"
        ),
    })
}

fn listen(address: SocketAddr) -> anyhow::Result<std::net::TcpListener> {
    let listener = std::net::TcpListener::bind(address).map_err(|error| {
        let known = [
            (
                ErrorKind::AddrInUse,
                "something listens there already: stop it, or take another port (0 takes a free one)",
            ),
            (ErrorKind::AddrNotAvailable, "this machine has no such address: see  ip address"),
            (ErrorKind::PermissionDenied, "ports below 1024 are the administrator's: take another"),
        ];
        let found = known.iter().find(|(kind, _)| *kind == error.kind());
        let what_next = found.map_or("take another --listen ADDRESS:PORT", |(_, next)| next);
        anyhow!("cannot listen at {address} ({error}): {what_next}")
    })?;
    listener.set_nonblocking(true).context("listening")?;
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_address_is_told_with_what_to_write() {
        assert!(address("127.0.0.1:0").is_ok() && address("[::1]:5440").is_ok());
        for (text, part) in [
            ("localhost:6111", "write 127.0.0.1:6111"),
            (":6111", "write 127.0.0.1:6111"),
            ("6111", "write 127.0.0.1:6111"),
            ("0.0.0.0", "write 0.0.0.0:5440"),
            ("::1", "write [::1]:5440"),
            ("box.example:6111", "write it like 127.0.0.1:5440"),
            ("localhost:99999", "write it like 127.0.0.1:5440"),
        ] {
            let told = address(text).unwrap_err();
            assert!(told.contains(part), "{text}: {told}");
        }
    }
}
