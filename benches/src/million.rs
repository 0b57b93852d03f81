//! `million`: a whole program that makes millions of nested spans and ends with all of them written,
//! in each wrapping: how long it takes, and what is there then.

use crate::child::{self, End, answer};
use crate::clocks::allocated_bytes;
use crate::log::{Counted, count};
use crate::report::{Cell, Table};
use crate::stats::{Spread, per};
use crate::subjects::{self, SPANS_A_TREE, Subject};
use anyhow::Context as _;
use std::hint::black_box;
use std::path::PathBuf;
use std::time::Duration;

/// How `million` is run.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Million {
    /// Spans in all, a multiple of eight for each thread.
    #[arg(long, default_value_t = 10_000_000)]
    pub(crate) spans: u64,
    /// Numbers of threads, one table each.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 2])]
    pub(crate) threads: Vec<u64>,
    /// Runs of each subject, in turn; the medians are shown.
    #[arg(long, default_value_t = 3)]
    pub(crate) rounds: usize,
    /// Only these subjects, and the baseline.
    #[arg(long, value_delimiter = ',')]
    pub(crate) only: Vec<String>,
}

/// What a child is to do.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Program {
    #[arg(long)]
    subject: String,
    #[arg(long)]
    threads: u64,
    /// Trees of eight spans, on each thread.
    #[arg(long)]
    trees: u64,
    #[arg(long)]
    folder: PathBuf,
}

/// Trees below one scope, root or frame, where a library wants such: 8,000 spans.
const TREES_A_FRAME: u64 = 1_000;

const COLUMNS: &[(&str, &str)] = &[
    ("subject", "program"),
    ("wall_s", "wall s"),
    ("cpu_s", "CPU s"),
    ("peak_rss_mb", "peak RSS, MB"),
    ("disk_mb", "disk, MB"),
    ("disk_bytes_per_span", "bytes a span kept"),
    ("lost", "lost"),
    ("unaccounted", "unaccounted"),
    ("read_s", "read back, s"),
];

/// One run of one program.
pub(crate) struct Ran {
    pub(crate) key: &'static str,
    wall: Duration,
    end: End,
    disk_bytes: u64,
    counted: Option<Counted>,
}

impl Million {
    /// The tables, and for those who look closer every run.
    pub(crate) fn run(&self) -> anyhow::Result<(Vec<Table>, Vec<Ran>)> {
        let mut programs = vec![&subjects::BARE];
        for key in &self.only {
            subjects::find(key)?;
        }
        programs.extend(subjects::all().into_iter().skip(1).filter(|subject| {
            let is_wanted = self.only.is_empty() || self.only.iter().any(|key| key == subject.key);
            subject.tree.is_some() && is_wanted
        }));
        let (mut tables, mut all) = (Vec::new(), Vec::new());
        for &threads in &self.threads {
            let mut ran: Vec<Ran> = Vec::new();
            for _ in 0..self.rounds {
                for subject in &programs {
                    ran.push(self.one(subject, threads).context(subject.name)?);
                }
            }
            let rows = programs.iter().map(|subject| Self::row(subject, &ran)).collect();
            let plural = if threads == 1 { "" } else { "s" };
            tables.push(Table {
                title: format!("{} nested spans, {threads} thread{plural}", self.spans),
                columns: COLUMNS,
                rows,
                notes: vec![format!(
                    "Whole processes, medians of {}. Lost: what the library says it dropped, the most of all runs. Unaccounted: spans that are neither in the log nor counted as dropped. Disk: blocks, not lengths.",
                    self.rounds
                )],
            });
            all.extend(ran);
        }
        Ok((tables, all))
    }

    fn one(&self, subject: &Subject, threads: u64) -> anyhow::Result<Ran> {
        let folder = tempfile::tempdir()?;
        let (wall, end): (_, End) = child::run(&[
            "run-program".to_owned(),
            format!("--subject={}", subject.key),
            format!("--threads={threads}"),
            format!("--trees={}", self.spans / SPANS_A_TREE / threads),
            format!("--folder={}", folder.path().display()),
        ])?;
        let disk_bytes = allocated_bytes(folder.path())?;
        let counted = end.log.as_deref().map(count).transpose()?;
        Ok(Ran { key: subject.key, wall, end, disk_bytes, counted })
    }

    fn row(subject: &Subject, ran: &[Ran]) -> Vec<Cell> {
        let ran: Vec<&Ran> = ran.iter().filter(|one| one.key == subject.key).collect();
        let number = |value: Value<'_>, digits| median(&ran, value, digits);
        let keeps = ran.iter().any(|one| one.disk_bytes > 0);
        let disk = |value: Value<'_>| if keeps { number(value, 1) } else { Cell::None };
        vec![
            Cell::text(subject.name),
            number(&|one| Some(one.wall.as_secs_f64()), 2),
            number(&|one| Some(per(one.end.cpu_ns, 1_000_000_000)), 2),
            number(&|one| Some(per(one.end.peak_rss_bytes, 1_000_000)), 1),
            disk(&|one| Some(per(one.disk_bytes, 1_000_000))),
            disk(&|one| Some(per(one.disk_bytes, one.kept().max(1)))),
            Cell::count(ran.iter().filter_map(|one| one.lost()).max()),
            Cell::count(ran.iter().filter_map(|one| one.unaccounted()).max()),
            number(&|one| Some(per(one.counted?.read_wall_ns, 1_000_000_000)), 2),
        ]
    }
}

/// What is asked of a run.
type Value<'a> = &'a dyn Fn(&Ran) -> Option<f64>;

fn median(ran: &[&Ran], value: Value<'_>, digits: usize) -> Cell {
    let spread = Spread::of(ran.iter().filter_map(|one| value(one)));
    spread.map_or(Cell::None, |spread| Cell::Number(spread.median, digits))
}

impl Ran {
    /// Whether there is a log to count in.
    pub(crate) fn is_ferret(&self) -> bool {
        self.counted.is_some()
    }

    /// Spans that the library says it dropped.
    pub(crate) fn lost(&self) -> Option<u64> {
        self.counted.map_or(self.end.lost, |counted| Some(counted.dropped))
    }

    /// Spans that are there to be read.
    fn kept(&self) -> u64 {
        let not_lost = self.end.made.saturating_sub(self.end.lost.unwrap_or(0));
        self.counted.map_or(not_lost, |counted| counted.spans)
    }

    /// Spans that are missing, or too many, or open, and nothing says so.
    pub(crate) fn unaccounted(&self) -> Option<u64> {
        let counted = self.counted?;
        Some(self.end.made.abs_diff(counted.spans + counted.dropped) + counted.open)
    }
}

impl Program {
    /// The child's side.
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let subject = subjects::find(&self.subject)?;
        let tree = subject.tree.context("no program has that subject")?;
        let profiler = (subject.library.start)(&self.folder)?;
        std::thread::scope(|scope| -> anyhow::Result<()> {
            for number in 1..self.threads {
                std::thread::Builder::new()
                    .name(format!("program-{number}"))
                    .spawn_scoped(scope, || self.grow(subject, tree, || {}))?;
            }
            self.grow(subject, tree, subject.library.frame);
            Ok(())
        })?;
        let made = self.trees * self.threads * SPANS_A_TREE;
        let kept = profiler.finish(made)?;
        answer(&End::now(made, kept)?)
    }

    fn grow(&self, subject: &Subject, tree: fn(u64) -> u64, frame: fn()) {
        let mut x = 1;
        let mut left = self.trees;
        while left > 0 {
            let trees = left.min(TREES_A_FRAME);
            (subject.library.around)(&mut || {
                for _ in 0..trees {
                    x = tree(black_box(x));
                }
            });
            frame();
            left -= trees;
        }
        black_box(x);
    }
}
