//! `pipeline status`.

use std::io::Write;
use std::process::ExitCode;

use pipeline::store::{EpisodeState, Phase, Store};
use serde_json::json;

use crate::cli::StatusArgs;

/// Print how far each episode is.
pub(crate) fn status(args: &StatusArgs, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let store = Store::open_to_read(&args.out)?;
    let mut states = Vec::new();
    for folder in store.episodes()? {
        states.extend(folder.state()?);
    }
    if args.json {
        writeln!(out, "{}", json!({ "episodes": states }))?;
        return Ok(ExitCode::SUCCESS);
    }
    for state in &states {
        writeln!(out, "{:<12} {}  ({})", state.phase, state.title, state.feed_title)?;
        match (&state.failure, state.last_stage) {
            (Some(failure), _) => {
                let times = if failure.attempts == 1 {
                    "once".to_owned()
                } else {
                    format!("{} times", failure.attempts)
                };
                writeln!(
                    out,
                    "             failed {times} at {}: {}",
                    failure.stage, failure.error
                )?;
            }
            (None, Some(stage)) if state.phase != Phase::Done => {
                writeln!(out, "             has come to {stage}")?;
            }
            (None, _) => {}
        }
    }
    let of = |phase: Phase| states.iter().filter(|s: &&EpisodeState| s.phase == phase).count();
    let (done, failed) = (of(Phase::Done), of(Phase::Failed));
    writeln!(
        out,
        "{} episodes: {done} done, {failed} failed, {} to do",
        states.len(),
        states.len() - done - failed
    )?;
    Ok(ExitCode::SUCCESS)
}
