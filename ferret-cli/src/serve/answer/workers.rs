//! `/api/workers`: the workers as cards show them, and the programs they are of.

use super::super::question;
use super::super::serving::Refusal;
use super::{Asked, Head, Sums, cut};
use crate::analyze::hundredths;
use crate::fleet::{Stack, Usage, Worker};
use ferret::event::ProcessState;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Logs that cannot be read of which is said why.
const UNREADABLE: usize = 10;

#[derive(Debug, Serialize)]
#[expect(clippy::struct_field_names, reason = "the list is called so in the document")]
pub(super) struct Workers {
    #[serde(flatten)]
    head: Head,
    left_out: usize,
    /// What the server was told to read.
    watched: Vec<String>,
    /// Logs that cannot be read, and why: some of them.
    unreadable: Vec<String>,
    programs: Vec<Program>,
    workers: Vec<Card>,
}

/// What the workers of a program are and use together, also those that are left out.
#[derive(Debug, Default, Serialize)]
struct Program {
    name: String,
    workers: usize,
    alive: usize,
    states: BTreeMap<String, usize>,
    cpu_percent: Option<f64>,
    rss_bytes: Option<u64>,
    open_spans: Option<u64>,
    spans_per_second: f64,
    errors: u64,
    dropped: u64,
}

impl Program {
    fn add(&mut self, card: &Card) {
        let numbers = &card.numbers;
        self.workers += 1;
        self.alive += usize::from(card.alive);
        *self.states.entry(card.state.clone()).or_default() += 1;
        let cpu = self.cpu_percent.into_iter().chain(numbers.cpu_percent);
        self.cpu_percent = cpu.reduce(|sum, one| hundredths(sum + one));
        let rss = self.rss_bytes.into_iter().chain(numbers.rss_bytes);
        self.rss_bytes = rss.reduce(u64::saturating_add);
        let open = self.open_spans.into_iter().chain(numbers.open_spans);
        self.open_spans = open.reduce(u64::saturating_add);
        self.spans_per_second = hundredths(self.spans_per_second + numbers.spans_per_second);
        self.errors = self.errors.saturating_add(numbers.errors);
        self.dropped = self.dropped.saturating_add(numbers.dropped);
    }
}

#[derive(Debug, Serialize)]
struct Card {
    id: String,
    program: String,
    pid: u32,
    host: String,
    exe: String,
    args: Vec<String>,
    log: String,
    started_ms: Option<u64>,
    ended_ms: Option<u64>,
    uptime_ns: Option<u64>,
    state: String,
    alive: bool,
    gone: bool,
    exit_code: Option<i32>,
    signal: Option<i32>,
    death: Option<String>,
    last_panic: Option<String>,
    idle_ns: Option<u64>,
    heard_ns: Option<u64>,
    #[serde(flatten)]
    numbers: Numbers,
    doing: Option<Doing>,
    line: Line,
    history_percent: f64,
}

/// What a worker uses and does now, and what it did since its log began.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Numbers {
    pub(super) cpu_percent: Option<f64>,
    pub(super) rss_bytes: Option<u64>,
    pub(super) threads: Option<u32>,
    pub(super) open_spans: Option<u64>,
    pub(super) open_tasks: Option<u64>,
    pub(super) spans_per_second: f64,
    pub(super) spans: u64,
    pub(super) errors: u64,
    pub(super) panics: u64,
    pub(super) cancelled: u64,
    pub(super) dropped: u64,
}

/// The outermost span that has been open longest.
#[derive(Debug, Serialize)]
struct Doing {
    name: String,
    age_ns: u64,
}

/// The last ten minutes.
#[derive(Debug, Serialize)]
struct Line {
    step_ms: u64,
    cpu_percent: Vec<Option<f64>>,
    rss_bytes: Vec<Option<f64>>,
}

/// Should there be too many: those that live first, and then those that went wrong.
pub(super) fn rank(state: &str, alive: bool) -> u8 {
    match state {
        _ if alive => 0,
        "failed" | "crashed" => 1,
        _ => 2,
    }
}

impl Asked<'_> {
    pub(super) fn workers(&self, asked: &question::Workers) -> Result<Workers, Refusal> {
        let sums = self.sums()?;
        let mut programs: BTreeMap<String, Program> = BTreeMap::new();
        let mut workers = Vec::new();
        self.each_worker(&asked.scope, |worker| {
            let card = self.card(worker, &sums);
            let name = &worker.kept.program;
            let program = programs
                .entry(name.clone())
                .or_insert_with(|| Program { name: name.clone(), ..Program::default() });
            program.add(&card);
            workers.push(card);
        })?;
        workers.sort_by_key(|card: &Card| rank(&card.state, card.alive));
        let left_out = cut(&mut workers, asked.limit);
        let programs = programs.into_values().collect();
        let wanted = self.shared.wanted.iter();
        let watched = wanted.map(|path| path.display().to_string()).collect();
        let unreadable = self.unreadable();
        Ok(Workers { head: self.head("workers"), left_out, watched, unreadable, programs, workers })
    }

    fn unreadable(&self) -> Vec<String> {
        let troubles = self.shared.troubles.lock();
        let told = |(path, why): (&PathBuf, &String)| {
            // Where it lies is nobody's business.
            let (path, name) = (path.display().to_string(), path.file_name().unwrap_or_default());
            let (name, bare) =
                (name.to_string_lossy(), why.replace(&path, &name.to_string_lossy()));
            if bare == *why { format!("{name}: {why}") } else { bare }
        };
        troubles.logs.iter().take(UNREADABLE).map(told).collect()
    }

    fn card(&self, worker: &Worker, sums: &Sums) -> Card {
        let (state, alive) = self.state(worker);
        let kept = &worker.kept;
        let process = worker.process();
        let ended_ms = kept.ended_ms.filter(|_| !alive);
        let lived_ms = kept.started_ms.and_then(|from| {
            let to = if alive { Some(self.now_ms) } else { ended_ms };
            to.map(|to| to.saturating_sub(from))
        });
        let heard = process.and_then(|process| process.last_metric).filter(|_| alive);
        let unix_ns = self.now_ms * 1_000_000;
        Card {
            id: kept.uid.to_string(),
            program: kept.program.clone(),
            pid: kept.pid,
            host: kept.host.clone(),
            exe: kept.exe.clone(),
            args: kept.args.clone(),
            // Where it lies is nobody's business.
            log: kept.log.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            started_ms: kept.started_ms,
            ended_ms,
            uptime_ns: lived_ms.map(|ms| ms.saturating_mul(1_000_000)),
            state,
            alive,
            gone: worker.is_gone,
            exit_code: kept.exit_code,
            signal: kept.signal,
            death: kept.death.clone(),
            last_panic: worker.last_panic().map(str::to_owned),
            idle_ns: worker.idle_ns(self.now).filter(|_| alive),
            heard_ns: heard.map(|at| self.now.since(at)),
            numbers: self.numbers(worker, alive, sums),
            doing: Stack::outermost(worker, self.now)
                .filter(|_| alive)
                .map(|frame| Doing { name: frame.name, age_ns: frame.age_ns }),
            line: Line {
                step_ms: 10_000,
                cpu_percent: worker.line.values(unix_ns, |usage| usage.cpu.mean().map(hundredths)),
                rss_bytes: worker
                    .line
                    .values(unix_ns, |usage| usage.rss_bytes.mean().map(f64::round)),
            },
            history_percent: hundredths(worker.history_percent()),
        }
    }

    pub(super) fn numbers(&self, worker: &Worker, alive: bool, sums: &Sums) -> Numbers {
        let process = worker.process();
        let sample = process.and_then(|process| process.last_sample).filter(|_| alive);
        // What it last had in memory is likely to be there still; what it last computed is over.
        let is_heard = worker.process_state(self.now) != ProcessState::Stalled;
        let now = sample.filter(|_| is_heard);
        let live = worker.live().filter(|_| alive);
        let none = Usage::default();
        let sum = sums.get(&worker.number).unwrap_or(&none);
        let rate = process.map_or(0.0, |process| process.spans_per_second(self.now));
        Numbers {
            cpu_percent: now.and_then(|sample| sample.cpu_percent).map(hundredths),
            rss_bytes: sample.and_then(|sample| sample.rss_bytes),
            threads: sample.and_then(|sample| sample.threads),
            open_spans: live.map(|live| live.open_spans() as u64),
            open_tasks: live.map(|live| live.tasks().len() as u64),
            spans_per_second: if alive { hundredths(rate) } else { 0.0 },
            spans: sum.spans,
            errors: sum.errors,
            panics: sum.panics,
            cancelled: sum.cancelled,
            dropped: sum.dropped,
        }
    }
}
