//! `ferret serve`: a page, numbers for other systems, and the API of both, from logs that others write.
//!
//! This file has the command line, and starts and stops the parts: what is told is known to [`serving`], what can be
//! asked is [`question`]'s, and how it comes over the network [`http`]'s.

mod answer;
mod question;
mod serving;

use crate::fleet::Keep;
use crate::when::parse_duration;
use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// What to serve, and to whom.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    settings: Settings,
    /// Where to listen. Beyond this machine only with --token-file
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:5440")]
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
    /// A worker in which no span has been open for so long is shown as a zombie
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = parse_duration)]
    pub(crate) zombie_after: Duration,
    /// Where the history is kept; it is made anew from the logs if it is lost
    #[arg(long, value_name = "FILE")]
    pub(crate) store: Option<PathBuf>,
    /// How long the history is kept, by how fine it is
    #[arg(long, value_name = "LEVELS", default_value = "10s=6h,5m=7d,1h=400d")]
    pub(crate) keep: Keep,
    /// A worker whose log has been gone for so long is forgotten
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) forget_after: Option<Duration>,
    /// Rules of alerts: see `ferret alert`
    #[arg(long, value_name = "FILE")]
    pub(crate) rules: Option<PathBuf>,
}
