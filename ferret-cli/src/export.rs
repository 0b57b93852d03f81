//! `ferret export`: a run in the form that another tool opens.
//!
//! This file has the command line and joins the parts: what is read and how far ([`reading`]), what
//! of it counts ([`follow`]), where it is written ([`output`]). What a format is, is in the file of
//! its name. Nothing is kept that grows with the log: a format writes as it reads, or adds up.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "of all entries there will be, a format takes the ones it knows"
)]

mod chrome;
mod csv;
#[cfg(feature = "serve")]
mod flame;
mod flamegraph;
mod folded;
mod follow;
mod form;
mod jsonl;
mod output;
#[cfg(feature = "serve")]
mod part;
mod pprof;
mod protobuf;
mod reading;
mod speedscope;
mod spool;
mod stacks;
mod timeline;

use crate::chosen::Chosen;
use crate::exit::{self, Code};
use crate::stop::Stop;
use crate::{analyze, format, input};
use anyhow::{Context as _, bail};
use clap::Args;
use ferret::log::{LogError, ReadOptions, Run};
use follow::Follow;
pub(crate) use form::Form;
pub(crate) use output::Output;
#[cfg(feature = "serve")]
pub(crate) use part::{Part, PartError, PartForm, write as write_part};
use reading::{BySpan, Read, Told};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use stacks::{Added, ByStack};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use timeline::Timeline;

/// What to export, and into what.
#[derive(Debug, Args)]
#[command(after_help = "\
Opens:   chrome      ui.perfetto.dev                      speedscope  speedscope.app
         folded      flamegraph.pl, inferno, speedscope   flamegraph  a browser
         pprof       go tool pprof                        csv, jsonl  spreadsheets, jq, pandas
  docs/export.md says of each what it holds and what it leaves out.
Filters: words are part of a name, FIELD:TEXT and FIELD > VALUE ask about more, & | ! ( ) join them,
  as in  ferret export run.redb -o slow.csv --filter 'transcri & dur > 100ms & !thread:worker-2'
Exit:    0 fine, 2 unreadable or not written, 3 the log is damaged (what could be read is written)")]
pub(crate) struct ExportArgs {
    /// A log (with the logs of its run), several, or a folder of logs
    #[arg(required = true, value_name = "LOG")]
    logs: Vec<PathBuf>,
    /// What to write [default: as the ending of -o says]
    #[arg(long, short, value_enum)]
    format: Option<Form>,
    /// Where to write it: under this name once it is complete [default: stdout]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    chosen: Chosen,
}

/// Does it.
pub(crate) fn run(args: &ExportArgs) -> anyhow::Result<ExitCode> {
    let stop = Stop::on(&[SIGINT, SIGTERM, SIGHUP]).context("asking to be told of signals")?;
    let done = export(args, &stop);
    // By now what was begun is closed or gone.
    if stop.signal().is_some() { stop.die() } else { done }
}

fn export(args: &ExportArgs, stop: &Stop) -> anyhow::Result<ExitCode> {
    let form = args.form()?;
    let mut output = match &args.output {
        Some(path) => Output::to_file(path, stop)?,
        None => Output::to_stdout(form)?,
    };
    #[cfg(feature = "serve")]
    if form == Form::Html {
        return frozen(args, stop, output);
    }
    let mut run = input::open(&args.logs, ReadOptions::default())?;
    let (failure, told) = write(&mut run, args, form, stop, &mut output)?;
    if let Some(bytes) = output.keep()? {
        say_written(form, &output, bytes, &told);
    }
    say_left_out(&told);
    // Damage weighs more than a log that is out of reach.
    let unread = input::conclude(&run);
    let Some(error) = failure else { return Ok(unread) };
    exit::say(&error);
    Ok(if error.is_damage() { Code::Damaged.into() } else { Code::Unreadable.into() })
}

/// Writes the run, or what of it there is before something fails.
fn write(
    run: &mut Run,
    args: &ExportArgs,
    form: Form,
    stop: &Stop,
    output: &mut Output,
) -> anyhow::Result<(Option<LogError>, Told)> {
    let writing = format!("writing {}", output.name());
    let timeline = Timeline::new(run);
    let Chosen { filter, since, until } = &args.chosen;
    let follow = Follow::new(timeline.window(*since, *until)?, filter.clone());
    match format(form, &timeline, follow, output.folder())? {
        Format::BySpan(mut format) => reading::read(run, &mut *format, stop, output)
            .and_then(|failure| Ok((failure, format.finish(&Read::of(run), output)?)))
            .and_then(|read| output.flush().map(|()| read))
            .context(writing),
        Format::ByStack(format) => {
            let (trees, failure) = analyze::trees(run, &args.chosen, stop)?;
            let added = Added::new(&trees, &timeline, filter.as_ref());
            format.write(&added, output).and_then(|()| output.flush()).context(writing)?;
            Ok((failure, added.told()))
        }
    }
}

/// Writes the page of `ferret serve` with all that it would answer.
#[cfg(feature = "serve")]
fn frozen(args: &ExportArgs, stop: &Stop, mut output: Output) -> anyhow::Result<ExitCode> {
    if !args.chosen.is_all() {
        bail!("the page holds all of the run: leave --filter, --since and --until out");
    }
    let (page, damages) = crate::serve::frozen_page(&args.logs, stop)?;
    let written = output.write_all(page.as_bytes()).and_then(|()| output.flush());
    written.with_context(|| format!("writing {}", output.name()))?;
    if let Some(bytes) = output.keep()? {
        let (name, bytes) = (output.name(), format::bytes(bytes));
        exit::say(format_args!("wrote {name}: html, {bytes}"));
    }
    damages.iter().for_each(exit::say);
    Ok(if damages.is_empty() { ExitCode::SUCCESS } else { Code::Damaged.into() })
}

impl ExportArgs {
    /// The form that was asked for, or that the file's ending means.
    fn form(&self) -> anyhow::Result<Form> {
        if let Some(form) = self.format {
            return Ok(form);
        }
        let Some(path) = &self.output else {
            bail!("say what to write: --format {}", Form::names())
        };
        Form::of_path(path).with_context(|| {
            format!(
                "{} does not tell what to write: say --format {}",
                path.display(),
                Form::names()
            )
        })
    }
}

/// What writes a run.
enum Format {
    /// As it is read.
    BySpan(Box<dyn BySpan>),
    /// What it adds up to.
    ByStack(&'static dyn ByStack),
}

fn format(
    form: Form,
    timeline: &Timeline,
    follow: Follow,
    scratch: PathBuf,
) -> anyhow::Result<Format> {
    let timeline = timeline.clone();
    let by_span: Box<dyn BySpan> = match form {
        Form::Chrome => Box::new(chrome::Chrome::new(timeline, follow)),
        Form::Speedscope => {
            let spool = spool::Spool::create(scratch)
                .context("making a temporary file for what each thread did")?;
            Box::new(speedscope::Speedscope::new(timeline, follow, spool))
        }
        Form::Jsonl => Box::new(jsonl::Jsonl::new(timeline, follow)),
        Form::Csv => Box::new(csv::Csv::new(timeline, follow)),
        Form::Folded => return Ok(Format::ByStack(&folded::Folded)),
        Form::Flamegraph => return Ok(Format::ByStack(&flamegraph::Picture)),
        Form::Pprof => return Ok(Format::ByStack(&pprof::Pprof)),
        #[cfg(feature = "serve")]
        Form::Html => bail!("a window is no page: ask the server for the page itself"),
    };
    Ok(Format::BySpan(by_span))
}

fn say_written(form: Form, output: &Output, bytes: u64, told: &Told) {
    let (spans, open) = (format::spans(told.spans), format::count(told.open));
    let open = if told.open > 0 { format!(", {open} of them open") } else { String::new() };
    let (name, bytes) = (output.name(), format::bytes(bytes));
    exit::say(format_args!("wrote {name}: {}, {bytes}, {spans}{open}", form.name()));
}

/// What the log has that the format cannot hold.
fn say_left_out(told: &Told) {
    if told.counted > 0 {
        let counted = format::count(told.counted);
        exit::say(format_args!(
            "{counted} calls were only counted, as max_spans_per_second asks: they are not in it \
             (folded, flamegraph and pprof have them)"
        ));
    }
    if told.dropped > 0 {
        let dropped = format::count(told.dropped);
        exit::say(format_args!("{dropped} spans were not recorded: they are not in it"));
    }
}

#[cfg(test)]
#[path = "export_tests.rs"]
mod tests;
