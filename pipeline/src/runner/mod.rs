//! Runs stages over feeds and episodes: gives each its inputs, keeps its output, reuses what is still right, and goes on
//! with the others where one fails.
//!
//! One episode after the other. Leaves to others: what a stage does (`stages`), and saying what happens (whoever takes the
//! [`Event`]s).

mod episode;
mod event;
mod tools;

use std::cmp::Reverse;
use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::error::StageError;
use crate::ids::{Digest, FeedId};
use crate::interrupt::Interrupt;
use crate::models::ModelError;
use crate::settings::Settings;
use crate::stage::Stage;
use crate::stages::rss_feed_fetch::{Episode, Place, rss_feed_fetch};
use crate::store::{self, Artifact, EpisodeState, Phase, Store, StoreError};

pub use event::{Event, Totals};

use episode::{EpisodeRun, Halt};
use tools::Tools;

/// Why a run could not begin or had to end. The failures of feeds and episodes are events, not this.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The output folder.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A model.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// How a run ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Episodes that went through all the stages asked for.
    pub finished: usize,
    /// Episodes at which a stage failed.
    pub failed: usize,
    /// Feeds that could not be read.
    pub feeds_failed: usize,
    /// Episodes that were left for the next run, since the user asked to stop.
    pub parked: usize,
    /// What the finished episodes hold.
    pub totals: Totals,
}

impl Outcome {
    /// Whether every episode went through, and there was one.
    pub fn is_complete(&self) -> bool {
        self.finished > 0 && self.failed + self.feeds_failed + self.parked == 0
    }
}

/// Run the stages of `settings` on the episodes of `feeds`, keeping all in `store`. Where the stages asked for begin after the
/// feed's, episodes are those in the store: of `feeds`, or all where none are given.
///
/// # Errors
/// When there is no model to transcribe with, or the store cannot be used at all.
#[ferret::profile]
pub fn run(
    feeds: &[Place],
    store: &Store,
    settings: &Settings,
    interrupt: &Interrupt,
    tell: &mut dyn FnMut(&Event<'_>),
) -> Result<Outcome, RunError> {
    let mut tools = Tools::new(settings, store.index_path(), interrupt.clone());
    if settings.range.contains(Stage::Transcription) {
        tools.check_whisper()?;
    }
    let mut outcome = Outcome::default();
    let episodes = if settings.range.contains(Stage::RssFeedFetch) {
        fetch_feeds(feeds, store, settings, &tools, &mut outcome, tell)?
    } else {
        stored_episodes(feeds, store)?
    };
    let total = episodes.len();
    for (at, episode) in episodes.iter().enumerate() {
        if interrupt.requested() {
            outcome.parked += total - at;
            break;
        }
        tell(&Event::EpisodeBegins { episode, number: at + 1, total });
        process_episode(episode, at, store, settings, &mut tools, &mut outcome, tell)?;
        ferret::progress(at as u64 + 1, total as u64);
    }
    Ok(outcome)
}

/// One episode through its stages, its end noted in its state and in `outcome`.
#[ferret::profile]
fn process_episode(
    episode: &Episode,
    at: usize,
    store: &Store,
    settings: &Settings,
    tools: &mut Tools,
    outcome: &mut Outcome,
    tell: &mut dyn FnMut(&Event<'_>),
) -> Result<(), StoreError> {
    ferret::tag!(episode = %episode.id, title = episode.title.as_str());
    let folder = store.episode(&episode.id)?;
    let state = folder.state().or_else(forget_damage)?.unwrap_or_else(|| first_state(episode));
    let mut run = EpisodeRun::new(episode, folder, state, settings, tools, tell);
    let halt = run.all_stages();
    let result = run.note_end(&halt);
    let totals = run.totals();
    match halt {
        Halt::Finished => {
            outcome.finished += 1;
            outcome.totals.add(&totals);
        }
        Halt::Interrupted => outcome.parked += 1,
        Halt::Failed(stage, error) => {
            outcome.failed += 1;
            tell(&Event::EpisodeFailed { episode, number: at + 1, stage, error: &error });
        }
    }
    result
}

/// A state that cannot be read is as good as none: it is written anew.
fn forget_damage(error: StoreError) -> Result<Option<EpisodeState>, StoreError> {
    match error {
        StoreError::Damaged { .. } => Ok(None),
        other @ (StoreError::Io { .. } | StoreError::Busy { .. } | StoreError::Empty { .. }) => {
            Err(other)
        }
    }
}

fn first_state(episode: &Episode) -> EpisodeState {
    EpisodeState {
        episode: episode.id.clone(),
        feed: episode.feed.clone(),
        feed_title: episode.feed_title.clone(),
        title: episode.title.clone(),
        phase: Phase::Pending,
        last_stage: Some(Stage::RssFeedFetch),
        failure: None,
        fingerprint: None,
        updated: Timestamp::now(),
    }
}

/// Read all feeds; their episodes, noted in the store. A feed that cannot be read does not keep the others from it.
#[ferret::profile]
fn fetch_feeds(
    feeds: &[Place],
    store: &Store,
    settings: &Settings,
    tools: &Tools,
    outcome: &mut Outcome,
    tell: &mut dyn FnMut(&Event<'_>),
) -> Result<Vec<Episode>, StoreError> {
    let (mut episodes, mut seen) = (Vec::new(), BTreeSet::new());
    for place in feeds {
        if tools.interrupt().requested() {
            break;
        }
        let fetched = match rss_feed_fetch(place, tools.fetcher()) {
            Ok(fetched) => fetched,
            Err(error) => {
                outcome.feeds_failed += 1;
                tell(&Event::FeedFailed { error: &error });
                continue;
            }
        };
        store::write_json(&store.feed_path(&fetched.feed.id), &fetched.feed)?;
        tell(&Event::FeedRead { feed: &fetched.feed, left_out: &fetched.left_out });
        let wanted = settings.latest.unwrap_or(usize::MAX);
        for episode in fetched.feed.episodes.into_iter().take(wanted) {
            // The same feed given twice, or a guid used twice, is one episode.
            if seen.insert(episode.id.clone()) {
                note_episode(&episode, store)?;
                episodes.push(episode);
            }
        }
    }
    Ok(episodes)
}

/// Keep an episode's metadata, and a state where it has none.
fn note_episode(episode: &Episode, store: &Store) -> Result<(), StoreError> {
    let folder = store.episode(&episode.id)?;
    let earlier = match folder.artifact::<Episode>(Stage::RssFeedFetch) {
        Err(StoreError::Damaged { .. }) => None,
        other => other?,
    };
    // A feed of a thousand episodes must not write two thousand files to say that nothing is new.
    if earlier.is_none_or(|artifact| artifact.output != *episode) {
        let fingerprint = Digest::of_parts(&[Stage::RssFeedFetch.name(), episode.id.as_ref()]);
        folder.keep(Stage::RssFeedFetch, &Artifact { fingerprint, output: episode })?;
    }
    if folder.state().or_else(forget_damage)?.is_none() {
        folder.set_state(&first_state(episode))?;
    }
    Ok(())
}

/// The episodes in the store, of `feeds` where any are given.
fn stored_episodes(feeds: &[Place], store: &Store) -> Result<Vec<Episode>, StoreError> {
    let wanted: BTreeSet<FeedId> =
        feeds.iter().map(|place| FeedId::of_source(&source_of(place))).collect();
    let mut episodes = Vec::new();
    for folder in store.episodes()? {
        if let Some(artifact) = folder.artifact::<Episode>(Stage::RssFeedFetch)? {
            let episode = artifact.output;
            if wanted.is_empty() || wanted.contains(&episode.feed) {
                episodes.push(episode);
            }
        }
    }
    episodes.sort_by_key(|e: &Episode| Reverse(e.published));
    Ok(episodes)
}

/// What a feed's id is made from: its address, or the absolute path of its file.
fn source_of(place: &Place) -> String {
    match place {
        Place::Url(url) => url.clone(),
        // A file that is gone may still have episodes in the store, under the path as given.
        Place::File(path) => {
            std::fs::canonicalize(path).unwrap_or_else(|_| path.clone()).display().to_string()
        }
    }
}

/// A failure's words for an episode's state.
fn sentence(error: &StageError) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests;
