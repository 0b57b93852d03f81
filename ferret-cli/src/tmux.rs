//! A pane beside this one, for `ferret run --split`. Knows tmux's command line and nothing else.

use anyhow::{Context as _, bail};
use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

/// Whether panes can be opened from here; if not, why, and what to do instead.
///
/// # Errors
///
/// This terminal is no tmux pane.
pub(crate) fn check(log: &Path) -> anyhow::Result<()> {
    if std::env::var_os("TMUX").is_none_or(|value| value.is_empty()) {
        bail!(
            "--split opens its pane in tmux, and this terminal is not inside one: start `tmux` \
             and run it there, or leave --split out and run `ferret watch {}` in a second \
             terminal",
            log.display()
        );
    }
    Ok(())
}

/// Opens a pane to the right of this one that runs `program` with `args`; the cursor stays here.
///
/// # Errors
///
/// tmux could not be run, or has no room.
pub(crate) fn split(program: &Path, args: &[&OsStr]) -> anyhow::Result<()> {
    let mut tmux = Command::new("tmux");
    tmux.args(["split-window", "-d", "-h"]);
    if let Some(pane) = std::env::var_os("TMUX_PANE") {
        tmux.arg("-t").arg(pane);
    }
    // Several words after `--` are run as they are, with no shell between.
    tmux.arg("--").arg(program).args(args);
    let answer = tmux.output().context("running tmux")?;
    if !answer.status.success() {
        bail!("tmux opened no pane: {}", String::from_utf8_lossy(&answer.stderr).trim());
    }
    Ok(())
}
