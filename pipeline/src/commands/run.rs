//! `pipeline run`.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::{Context, bail};
use jiff::Timestamp;
use pipeline::interrupt::Interrupt;
use pipeline::models::ModelPaths;
use pipeline::runner::{self, Event, Outcome};
use pipeline::settings::Settings;
use pipeline::stage::{Stage, StageRange};
use pipeline::stages::rss_feed_fetch::Place;
use pipeline::store::Store;

use crate::cli::RunArgs;

/// Work on the episodes of the feeds given.
pub(crate) fn run(
    args: &RunArgs,
    interrupt: &Interrupt,
    out: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let range = StageRange::new(args.from_stage, args.to_stage).with_context(|| {
        format!("--to-stage {} comes before --from-stage {}", args.to_stage, args.from_stage)
    })?;
    if args.feeds.is_empty() && range.contains(Stage::RssFeedFetch) {
        bail!("which feed? give its address or file: pipeline run FEED --out DIR");
    }
    let threads =
        args.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, Into::into));
    let settings = Settings {
        range,
        models: ModelPaths::sort(&args.models)?,
        language: args.language.clone(),
        threads,
        max_media_bytes: args.max_media_mb.saturating_mul(1_000_000),
        latest: args.latest,
        force: args.force,
    };
    let feeds: Vec<Place> = args.feeds.iter().map(|feed| Place::of_argument(feed)).collect();
    let store = if range.contains(Stage::RssFeedFetch) {
        Store::open(&args.out)?
    } else {
        Store::reopen(&args.out)?
    };

    let began = Timestamp::now();
    // A closed pipe must not stop the work; it is reported at the end.
    let mut written = Ok(());
    let outcome = runner::run(&feeds, &store, &settings, interrupt, &mut |event| {
        if written.is_ok() {
            written = tell(event, out).and_then(|()| out.flush());
        }
    })?;
    let seconds = Timestamp::now().duration_since(began).as_secs_f64();
    written.and_then(|()| tell_end(&outcome, &settings, seconds, out))?;
    Ok(if outcome.parked > 0 || interrupt.requested() {
        ExitCode::from(130)
    } else if outcome.is_complete() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn tell(event: &Event<'_>, out: &mut impl Write) -> io::Result<()> {
    match event {
        Event::FeedRead { feed, left_out } => {
            writeln!(out, "{}: {} episodes", feed.title, feed.episodes.len())?;
            left_out.iter().try_for_each(|why| writeln!(out, "  {why}"))
        }
        Event::FeedFailed { error } => {
            eprintln!("pipeline: {error}");
            Ok(())
        }
        Event::EpisodeBegins { episode, number, total } => {
            writeln!(out, "\n[{number}/{total}] {}", episode.title)
        }
        Event::StageEnds { stage, took, result } => {
            let took =
                took.map_or_else(|| "reused".to_owned(), |t| format!("{:.2} s", t.as_secs_f64()));
            writeln!(out, "  {:<20} {took:>9}  {result}", stage.name())
        }
        Event::EpisodeFailed { episode, stage, error, .. } => {
            out.flush()?;
            eprintln!("pipeline: \"{}\" failed at {stage}: {error}", episode.title);
            Ok(())
        }
    }
}

fn tell_end(
    outcome: &Outcome,
    settings: &Settings,
    seconds: f64,
    out: &mut impl Write,
) -> io::Result<()> {
    let Outcome { finished, failed, feeds_failed, parked, totals } = outcome;
    let end = settings.range.to();
    let done = if end == Stage::Done { "done".to_owned() } else { format!("through {end}") };
    write!(
        out,
        "\n{finished} {} {done} in {seconds:.1} s",
        if *finished == 1 { "episode" } else { "episodes" }
    )?;
    for (n, what) in
        [(failed, "failed"), (feeds_failed, "feeds unread"), (parked, "left for the next run")]
    {
        if *n > 0 {
            write!(out, ", {n} {what}")?;
        }
    }
    if end == Stage::Done && *finished > 0 {
        let t = totals;
        write!(
            out,
            ": {} of audio, {} words, {} insights, {} entities, {} chunks indexed",
            t.audio, t.words, t.insights, t.entities, t.chunks
        )?;
    }
    writeln!(out)
}
