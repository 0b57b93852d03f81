//! `pipeline digest`: what the newest episodes said, as Markdown.

use std::cmp::Reverse;
use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context;
use jiff::Timestamp;
use pipeline::stage::Stage;
use pipeline::stages::done::{named, people};
use pipeline::stages::gi_generation::Insights;
use pipeline::stages::kg_extraction::Graph;
use pipeline::stages::rss_feed_fetch::Episode;
use pipeline::stages::speaker_detection::Speakers;
use pipeline::stages::summarization::Summary;
use pipeline::store::{EpisodeFolder, Phase, Store};
use serde::de::DeserializeOwned;

use crate::cli::DigestArgs;

/// Insights shown of an episode, those that stand out most.
const INSIGHTS_MAX: usize = 3;

/// Print the digest.
pub(crate) fn digest(args: &DigestArgs, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let store = Store::open_to_read(&args.out)?;
    let since = args.since.before(Timestamp::now());
    let mut found = Vec::new();
    for folder in store.episodes()? {
        let Some(state) = folder.state()? else { continue };
        if state.phase != Phase::Done {
            continue;
        }
        let episode: Episode = load(&folder, Stage::RssFeedFetch)?;
        // A feed without dates: when it was worked on is the nearest thing.
        let at = episode.published.unwrap_or(state.updated);
        if at >= since {
            found.push((at, episode, folder));
        }
    }
    found.sort_by_key(|(at, ..)| Reverse(*at));
    let day = since.strftime("%Y-%m-%d");
    if found.is_empty() {
        writeln!(
            out,
            "Nothing that is done was published since {day}. `pipeline status` shows how far each episode is."
        )?;
    } else {
        writeln!(
            out,
            "# {} since {day}\n",
            if found.len() == 1 {
                "1 episode".to_owned()
            } else {
                format!("{} episodes", found.len())
            }
        )?;
    }
    for (at, episode, folder) in &found {
        let speakers: Speakers = load(folder, Stage::SpeakerDetection)?;
        let summary: Summary = load(folder, Stage::Summarization)?;
        let insights: Insights = load(folder, Stage::GiGeneration)?;
        let graph: Graph = load(folder, Stage::KgExtraction)?;
        writeln!(
            out,
            "## {}\n\n{} · {}\n{}",
            episode.title,
            episode.feed_title,
            at.strftime("%Y-%m-%d"),
            people(&speakers)
        )?;
        write_episode(&summary, insights, &graph, out)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn write_episode(
    summary: &Summary,
    mut insights: Insights,
    graph: &Graph,
    out: &mut impl Write,
) -> io::Result<()> {
    for sentence in &summary.sentences {
        writeln!(out, "- [{}] {}", sentence.start, sentence.text)?;
    }
    insights.insights.sort_by(|a, b| b.score.total_cmp(&a.score));
    for insight in insights.insights.iter().take(INSIGHTS_MAX) {
        writeln!(out, "\n> \"{}\" [{}]", insight.quote, insight.start)?;
    }
    let names = named(graph);
    if !names.is_empty() {
        writeln!(out, "\nNamed: {}", names.join(", "))?;
    }
    writeln!(out)
}

fn load<T: DeserializeOwned>(folder: &EpisodeFolder, stage: Stage) -> anyhow::Result<T> {
    let artifact = folder.artifact(stage)?;
    Ok(artifact
        .with_context(|| {
            format!("{} has no artifact of {stage}: run again", folder.file("").display())
        })?
        .output)
}
