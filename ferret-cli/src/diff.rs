//! `ferret diff`: what changed between runs, and whether that may be chance.
//!
//! Two sides of one run or several ([`sides`]), each from a log or as `analyze --json` saved it; their rows are matched
//! ([`matching`]), judged ([`judge`]) and made into a document ([`compare`]), which is printed as JSON or drawn. Only
//! this file writes to the terminal.

mod compare;
mod document;
mod gate;
mod judge;
mod markdown;
mod matching;
mod notes;
mod picture;
mod saved;
mod sides;
mod statistics;
mod view;
mod words;

use crate::analyze;
use crate::chosen::Chosen;
use crate::exit::{self, Code};
use crate::export::Output;
use crate::page::Page;
use crate::pager::{self, PagerArgs};
use crate::progress::ProgressLine;
use crate::stop::Stop;
use anyhow::{Context as _, bail};
use clap::Args;
use compare::Tree;
use document::Comparison;
use gate::DiffGate;
use judge::Rules;
use sides::{Loaded, Named, SideRun};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Rows of a table in a terminal, unless told.
const TOP_IN_TERMINAL: usize = 50;
/// More runs a side are not compared: nothing is learned from them.
const MOST_RUNS: usize = 100;

/// What to compare, and how to show it.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "they are the command line's switches")]
#[command(after_help = "\
Runs:    a log, a folder of logs, a file that `analyze --tree --json` wrote, or earlier runs of a log's name:
         run.redb@-1 is the one before the latest, run.redb@-5..-1 are five
  as in  ferret diff run.redb@-1 run.redb        ferret diff release-1.2.json run.redb
Gates:   as those of analyze, of HEAD; with a sign, of the change: +10% of BASE, +5ms, and `& significant`
  as in  ferret diff old.json run.redb --fail-if 'any.p95 > +10% & significant' --fail-if 'new > 0'
Exit:    0 fine, 1 a gate held, 2 unreadable, 3 a log is damaged (what could be read is compared)")]
pub(crate) struct DiffArgs {
    /// What was: a log, a saved analysis, run.redb@-1, or several as run.redb@-5..-1
    #[arg(value_name = "BASE")]
    base: PathBuf,
    /// What is
    #[arg(value_name = "HEAD")]
    head: PathBuf,
    /// One more run of what was
    #[arg(long = "base", value_name = "RUN")]
    more_base: Vec<PathBuf>,
    /// One more run of what is
    #[arg(long = "head", value_name = "RUN")]
    more_head: Vec<PathBuf>,
    /// Show what changed in the call tree
    #[arg(long)]
    tree: bool,
    /// Show what did not change too
    #[arg(long)]
    all: bool,
    /// Rows to show; 0 for all [default: 50 in a terminal, else all]
    #[arg(long, value_name = "N")]
    top: Option<usize>,
    /// A change by less is none
    #[arg(long, value_name = "PERCENT", default_value_t = 5.0, value_parser = percent)]
    least: f64,
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
    /// Write a flamegraph of what changed: red grew, blue shrank
    #[arg(long, value_name = "FILE.svg")]
    flamegraph: Option<PathBuf>,
    /// Exit with 1 if this holds: any.p95>+10%&significant
    #[arg(long, value_name = "GATE")]
    fail_if: Vec<DiffGate>,
    /// A gate that no row answers is no error
    #[arg(long)]
    allow_missing: bool,
}

fn percent(text: &str) -> Result<f64, String> {
    let number = text.trim().trim_end_matches('%').trim().parse::<f64>();
    let number = number.ok().filter(|number| (0.0..=1_000_000.0).contains(number));
    number.ok_or_else(|| "write it like 5 or 2.5%".to_owned())
}

/// Does it.
pub(crate) fn run(args: &DiffArgs) -> anyhow::Result<ExitCode> {
    let base = runs(&args.base, &args.more_base, "base")?;
    let head = runs(&args.head, &args.more_head, "head")?;
    let mut read =
        Reading { code: ExitCode::SUCCESS, done: 0, all: (base.len() + head.len()) as u64 };
    let (Some(base), Some(head)) = (read.side(&base, args)?, read.side(&head, args)?) else {
        return Ok(read.code);
    };
    let rules = Rules::new(args.least / 100.0, base.len(), head.len());
    let (mut comparison, tree) = compare::compare(&base, &head, rules);
    comparison.gates = args.fail_if.iter().map(|gate| gate.ask(&comparison)).collect();
    if let Some(path) = &args.flamegraph {
        write_flamegraph(&comparison, tree.as_ref(), path)?;
    }
    let page = Page::of_stdout();
    let text = render(&comparison, tree.as_ref(), args, page)?;
    pager::print(&text, page, args.pager)?;
    if args.json {
        analyze::say(&comparison.gates);
    }
    let gates = analyze::conclude(&comparison.gates, args.allow_missing);
    // What could not be read weighs more than a gate: it may have held there.
    if read.code == ExitCode::SUCCESS { gates } else { Ok(read.code) }
}

/// The runs that a side's arguments name.
fn runs(first: &Path, more: &[PathBuf], side: &str) -> anyhow::Result<Vec<Named>> {
    let mut all = sides::resolve(first)?;
    for argument in more {
        all.extend(sides::resolve(argument)?);
    }
    if all.len() > MOST_RUNS {
        bail!("the {side} has {} runs: {MOST_RUNS} are enough to compare, name fewer", all.len());
    }
    Ok(all)
}

/// Reading all runs.
struct Reading {
    /// The gravest so far: damage is told by the greater code.
    code: ExitCode,
    done: u64,
    all: u64,
}

impl Reading {
    /// None if a run of it cannot be read.
    fn side(&mut self, named: &[Named], args: &DiffArgs) -> anyhow::Result<Option<Vec<SideRun>>> {
        let mut progress = ProgressLine::new("comparing");
        let mut runs = Vec::new();
        for run in named {
            progress.tell(self.done, self.all);
            match sides::load(run, &args.chosen)? {
                Loaded::Run(run, code) => {
                    runs.push(*run);
                    self.note(code);
                }
                Loaded::Unreadable(code) => {
                    self.code = code;
                    return Ok(None);
                }
            }
            self.done += 1;
        }
        Ok(Some(runs))
    }

    fn note(&mut self, code: ExitCode) {
        let damaged = ExitCode::from(Code::Damaged);
        if self.code != damaged && code != ExitCode::SUCCESS {
            self.code = code;
        }
    }
}

fn write_flamegraph(all: &Comparison, tree: Option<&Tree>, path: &Path) -> anyhow::Result<()> {
    let Some(tree) = tree else {
        bail!(
            "a flamegraph needs the call trees of all runs: save them with `ferret analyze --tree --json`"
        );
    };
    let svg = picture::flamegraph(all, tree).svg();
    let mut output = Output::to_file(path, &Stop::default())?;
    let written = output.write_all(svg.as_bytes()).and_then(|()| output.flush());
    written.with_context(|| format!("writing {}", path.display()))?;
    output.keep()?;
    exit::say(format_args!("wrote {}", path.display()));
    Ok(())
}

/// What is printed.
fn render(
    all: &Comparison,
    tree: Option<&Tree>,
    args: &DiffArgs,
    page: Page,
) -> anyhow::Result<String> {
    if args.json {
        let text = serde_json::to_string_pretty(all);
        return Ok(text.context("writing the comparison as JSON")? + "\n");
    }
    if args.markdown {
        return Ok(markdown::draw(all));
    }
    let top = args.top.unwrap_or(if page.width.is_some() { TOP_IN_TERMINAL } else { 0 });
    let options = view::Options { all: args.all, top };
    if args.tree && tree.is_none() {
        bail!(
            "--tree needs the call trees of all runs: save them with `ferret analyze --tree --json`"
        );
    }
    let tree = tree.filter(|_| args.tree);
    Ok(analyze::told(&all.gates, page) + &view::draw(all, tree, options, page))
}

#[cfg(test)]
#[path = "diff_tests.rs"]
mod tests;
