//! The arguments.

#![expect(
    clippy::doc_markdown,
    reason = "these comments are the help text, where backticks would be shown"
)]

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use pipeline::stage::Stage;
use pipeline::time::Since;

/// Turns podcast feeds into transcripts, summaries, grounded insights, a knowledge graph and a searchable index, offline.
#[derive(Debug, Parser)]
#[command(version, name = "pipeline")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Work on the episodes of feeds; what is done already is reused
    Run(RunArgs),
    /// Find where something was said
    Search(SearchArgs),
    /// What was published lately, as Markdown
    Digest(DigestArgs),
    /// How far each episode is
    Status(StatusArgs),
    /// Convert a Whisper model from CTranslate2 to whisper.cpp
    ConvertModel(ConvertModelArgs),
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Addresses or files of RSS or Atom feeds; needed unless --from-stage is after rss_feed_fetch
    #[arg(value_name = "FEED")]
    pub(crate) feeds: Vec<String>,
    /// Where everything is kept
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// A model: a whisper.cpp file to transcribe with, a folder with MiniLM for search by meaning
    #[arg(long = "model", value_name = "PATH")]
    pub(crate) models: Vec<PathBuf>,
    /// Begin here, with the artifacts of the stages before
    #[arg(long, value_name = "STAGE", default_value_t = Stage::RssFeedFetch, hide_default_value = true)]
    pub(crate) from_stage: Stage,
    /// End here
    #[arg(long, value_name = "STAGE", default_value_t = Stage::Done, hide_default_value = true)]
    pub(crate) to_stage: Stage,
    /// Only this many of the newest episodes of each feed
    #[arg(long, value_name = "N")]
    pub(crate) latest: Option<usize>,
    /// Redo what could be reused
    #[arg(long)]
    pub(crate) force: bool,
    /// The language spoken, for models that know several
    #[arg(long, value_name = "CODE", default_value = "en")]
    pub(crate) language: String,
    /// Threads for the speech model [default: all cores]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
    /// The largest audio file that is taken, in MB
    #[arg(long, value_name = "MB", default_value_t = 1024)]
    pub(crate) max_media_mb: u64,
}

#[derive(Debug, Args)]
pub(crate) struct SearchArgs {
    /// What to look for
    #[arg(value_name = "WORDS", required = true)]
    pub(crate) words: Vec<String>,
    /// Where `run` kept everything
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Where MiniLM is, if no longer where it was at the run
    #[arg(long, value_name = "DIR")]
    pub(crate) model: Option<PathBuf>,
    /// How many places to show
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) limit: usize,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DigestArgs {
    /// How far back: an age such as 12h, 7d or 2w, or a date
    #[arg(long, value_name = "AGE", default_value = "7d")]
    pub(crate) since: Since,
    /// Where `run` kept everything
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// Where `run` kept everything
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ConvertModelArgs {
    /// The folder with CTranslate2's model.bin and vocabulary.txt
    #[arg(value_name = "FOLDER")]
    pub(crate) from: PathBuf,
    /// The file to write, such as ggml-tiny.en.bin
    #[arg(value_name = "FILE")]
    pub(crate) to: PathBuf,
}
