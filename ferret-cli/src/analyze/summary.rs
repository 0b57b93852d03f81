//! An analysis in short, for the end of `ferret run`: the run, its stages, its heaviest functions,
//! and what was left open or lost.

use super::reading::{Read, read};
use super::{AnalyzeArgs, analysis, facts, view};
use crate::page::Page;
use crate::stop::Stop;
use ferret::log::Run;
use signal_hook::consts::SIGINT;

/// Draws it. What cannot be read is left out, and said by whoever opened the run.
///
/// # Errors
///
/// No log of the run can be read.
pub(crate) fn summary(run: &mut Run, page: Page) -> anyhow::Result<String> {
    let args = AnalyzeArgs::default();
    // Ctrl-C means that nobody waits for all of it.
    let stop = Stop::on(&[SIGINT]).unwrap_or_default();
    let Read { mut fold, unread, failure, .. } = read(run, &args, &stop)?;
    if let Some(error) = failure {
        return Err(error.into());
    }
    let analysis = analysis(&mut fold, &facts(run, &unread), ferret::log::now(), &args);
    Ok(view::summary(&analysis, page))
}
