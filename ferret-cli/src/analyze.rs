//! `ferret analyze`: where a run's time went.
//!
//! One pass folds every entry ([`fold`]), what it adds up to becomes the document ([`build`]), and
//! the document is printed as JSON or drawn ([`view`]). Only this file reads logs and clocks and
//! writes to the terminal.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "of all entries, fields and orders there will be, a part takes the ones it knows"
)]

mod alloc;
mod build;
mod cores;
mod counting;
mod document;
mod fold;
mod gate;
mod gates;
mod histogram;
mod history;
mod markdown;
mod moments;
mod open;
mod overhead;
mod reading;
mod report;
mod rows;
mod said;
mod second_look;
mod subject;
mod summary;
mod trees;
mod view;
mod whole;
mod window;

pub(crate) use alloc::Heap;
#[cfg(feature = "serve")]
pub(crate) use build::state_name;
pub(crate) use build::{hundredths, kind, stage};
#[cfg(test)]
pub(crate) use document::Durations;
pub(crate) use document::{Analysis, CounterOfProcess, FORMAT, Function, Node, Process, Stage};
pub(crate) use gate::{Answer, Clause, Gate, GateError, HeldBy, Selector, of_rows, show};
pub(crate) use gates::{conclude, say, told};
pub(crate) use histogram::Histogram;
pub(crate) use history::{GoodRun, LastGood, StageThen, good_run_before};
pub(crate) use markdown::gates as gates_as_markdown;
pub(crate) use said::of_processes;
pub(crate) use subject::{SpanSubject, name_of, passes, said_by};
pub(crate) use summary::summary;
pub(crate) use trees::{ProcessCalls, Trees, trees};
pub(crate) use whole::{asks_of_entries, narrow, whole};
pub(crate) use window::Window;

use crate::chosen::Chosen;
use crate::exit::{self, Code};
use crate::format;
use crate::input;
use crate::page::Page;
use crate::pager::{self, PagerArgs};
use crate::reach::Lost;
use crate::stop::Stop;
use anyhow::{Context as _, bail};
use build::{LogFacts, Parts};
use clap::{Args, ValueEnum};
use ferret::event::LogTime;
use ferret::log::{LogError, ReadOptions, Run, Tail};
use ferret::projections::MAX_TREE_DEPTH;
use fold::Fold;
use reading::Read;
use report::ReportArgs;
use rows::SortBy;
use signal_hook::consts::SIGINT;
use std::path::PathBuf;
use std::process::ExitCode;

/// Rows of a table in a terminal, unless told.
const TOP_IN_TERMINAL: usize = 50;

/// What to analyze, and how to show it.
#[derive(Debug, Default, Args)]
#[expect(clippy::struct_excessive_bools, reason = "they are the command line's switches")]
#[command(after_help = "\
Filters: words are part of a name, FIELD:TEXT and FIELD > VALUE ask about more, & | ! ( ) join them,
  as in  ferret analyze run.redb --filter 'transcri & dur > 100ms & !thread:worker-2'
Gates:   SELECTOR.metric OP value, SELECTOR being a filter, `any` or `*`; or metric OP value for the whole run,
  as in  ferret analyze run.redb --fail-if 'transcribe.p99 > 2s' --fail-if '*.errors > 0' --fail-if 'dropped > 0'
Exit:    0 fine, 1 a gate held, 2 unreadable, 3 the log is damaged (what could be read is printed)")]
pub(crate) struct AnalyzeArgs {
    /// A log (with the logs of its run), several, or a folder of logs
    #[arg(required = true, value_name = "LOG")]
    logs: Vec<PathBuf>,
    /// What a row is
    #[arg(long, value_enum, default_value_t)]
    by: GroupedBy,
    #[command(flatten)]
    report: ReportArgs,
    /// Show what was called from where
    #[arg(long, conflicts_with = "by")]
    tree: bool,
    /// Put the largest first by this [default: total; stages as they began]
    #[arg(long, value_enum)]
    sort: Option<SortBy>,
    /// Rows to show, or children of each node; 0 for all [default: 50 in a terminal, else all]
    #[arg(long, value_name = "N")]
    top: Option<usize>,
    /// Levels of the tree to show
    #[arg(long, value_name = "N", default_value_t = MAX_TREE_DEPTH)]
    depth: usize,
    /// Leave out what took less than this share of the run
    #[arg(long, value_name = "PERCENT", default_value_t = 0.0)]
    min_percent: f64,
    #[command(flatten)]
    chosen: Chosen,
    /// Print the document that docs/json.md describes
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pager: PagerArgs,
    /// Print a summary fit for a comment on a pull request
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
    /// Exit with 1 if this holds: transcribe.p99>2s
    #[arg(long, value_name = "GATE")]
    fail_if: Vec<Gate>,
    /// A gate that no row answers is no error
    #[arg(long)]
    allow_missing: bool,
}

/// What a row of the table is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum GroupedBy {
    /// A function, block or stage, in all processes
    #[default]
    Function,
    /// A stage: wall time, memory and CPU
    Stage,
    /// A thread
    Thread,
    /// A process
    Process,
    /// An async function that an executor polls, with all that it awaits
    Task,
}

/// Does it.
pub(crate) fn run(args: &AnalyzeArgs) -> anyhow::Result<ExitCode> {
    args.check()?;
    let mut run = match input::open(&args.logs, ReadOptions::default()) {
        Ok(run) => run,
        Err(error) => return Ok(unreadable(&error)),
    };
    // Where no signal can be had, none ends the reading early.
    let stop = Stop::on(&[SIGINT]).unwrap_or_default();
    let read = reading::read(&mut run, args, &stop)?;
    let Read { mut fold, unread, share, reach, interrupted, failure } = read;
    stop.end_at_once();
    report::look_closer(&mut fold, &run, reach, args)?;
    let now = ferret::log::now();
    let mut analysis = analysis(&mut fold, &facts(&run, &unread), now, args);
    if !interrupted && args.shows_history() {
        analysis.last_good = history::last_good(args, &analysis);
    }
    analysis.gates = gates::ask(&analysis, args.by, &args.fail_if);
    // A pager takes Ctrl-C for itself.
    drop(stop);
    let page = Page::of_stdout();
    let text = render(&analysis, args, page)?;
    pager::print(&text, page, args.pager)?;
    if args.json {
        gates::say(&analysis.gates);
    }
    let gates = gates::conclude(&analysis.gates, args.allow_missing);
    // What could not be read weighs more than a gate: it may have held there.
    let unread = input::conclude(&run);
    if interrupted {
        exit::say(format_args!(
            "interrupted: {} of the run was read",
            format::percent(share * 100.0)
        ));
    }
    match failure {
        Some(error) => Ok(unreadable(&error)),
        None if interrupted => Ok(Code::Interrupted.into()),
        None if unread != ExitCode::SUCCESS => Ok(unread),
        None => gates,
    }
}

impl AnalyzeArgs {
    /// Whether stages stand beside those of the run before.
    fn shows_history(&self) -> bool {
        matches!(self.by, GroupedBy::Function | GroupedBy::Stage)
            && !self.tree
            && !self.report.is_asked()
    }

    /// Refuses an order that the rows do not have, and a filter that a report cannot answer.
    fn check(&self) -> anyhow::Result<()> {
        self.report.check(self.chosen.filter.as_ref())?;
        let Some(sort) = self.sort else { return Ok(()) };
        if let Some(report) = self.report.unsorted() {
            bail!("{report} has an order of its own: leave --sort out");
        }
        if self.report.bottom_up && sort.is_of_durations() {
            bail!("--bottom-up has no {}: sort by total, self, calls or errors", sort.name());
        }
        if (self.tree || self.by == GroupedBy::Stage) && sort.is_of_durations() {
            let rows = if self.tree { "The call tree" } else { "The table of stages" };
            bail!("{rows} has no {}: sort by total, self, calls or errors", sort.name());
        }
        Ok(())
    }
}

/// The document, in order.
fn analysis(fold: &mut Fold, logs: &[LogFacts<'_>], now: LogTime, args: &AnalyzeArgs) -> Analysis {
    let parts = Parts { tree: args.tree, threads: args.by == GroupedBy::Thread };
    let mut analysis = build::analysis(fold, logs, now, parts);
    sort(&mut analysis, args.sort);
    analysis
}

/// Puts every list in order.
fn sort(analysis: &mut Analysis, by: Option<SortBy>) {
    if let Some(by) = by {
        by.stages(&mut analysis.stages);
        by.tree(analysis.tree.as_deref_mut().unwrap_or_default());
        by.callers(analysis.reports.callers.as_deref_mut().unwrap_or_default());
    }
    let by = by.unwrap_or_default();
    by.functions(&mut analysis.functions);
    by.processes(&mut analysis.processes);
    by.threads(analysis.threads.as_deref_mut().unwrap_or_default());
    by.tasks(analysis.reports.tasks.as_deref_mut().unwrap_or_default());
}

/// A log that cannot be opened, with what may be meant.
pub(crate) fn unreadable(error: &LogError) -> ExitCode {
    exit::say(error);
    if matches!(error, LogError::NotFound { .. }) {
        exit::say(
            "if the program did run: it writes a log only if FERRET_LOG is set (as `ferret run` \
             does) or it calls ferret::start, and not when built with the feature `off`",
        );
    }
    if error.is_damage() { Code::Damaged.into() } else { Code::Unreadable.into() }
}

fn facts<'r>(run: &'r Run, unread: &[u64]) -> Vec<LogFacts<'r>> {
    let facts = |(index, tail): (usize, &'r Tail)| {
        let info = Tail::info(tail);
        LogFacts {
            path: info.path.clone(),
            uid: info.uid,
            run: info.run,
            bytes: info.bytes,
            length: info.length,
            first_offset: info.first_offset,
            next_offset: info.next_offset,
            first_time: info.first_time,
            findings: info.into(),
            lost: Lost::of(tail),
            damaged: tail.damage().1 > 0,
            unread: unread.get(index).copied().unwrap_or(0),
            owned: ferret::is_alive(tail),
            names: tail.names(),
        }
    };
    run.logs().iter().enumerate().map(facts).collect()
}

/// What is printed.
fn render(analysis: &Analysis, args: &AnalyzeArgs, page: Page) -> anyhow::Result<String> {
    if args.json {
        let text = serde_json::to_string_pretty(analysis);
        return Ok(text.context("writing the analysis as JSON")? + "\n");
    }
    if args.markdown {
        return Ok(markdown::draw(analysis, &analysis.gates));
    }
    let options = view::Options {
        by: args.by,
        tree: args.tree,
        sort: args.sort.unwrap_or_default(),
        top: args.top.unwrap_or(if page.width.is_some() { TOP_IN_TERMINAL } else { 0 }),
        depth: args.depth,
        min_percent: args.min_percent,
        filtered: args.chosen.filter.is_some(),
        cut_short: args.chosen.until.is_some(),
    };
    Ok(gates::told(&analysis.gates, page) + &view::draw(analysis, options, page))
}

#[cfg(test)]
#[path = "analyze_tests.rs"]
mod tests;
