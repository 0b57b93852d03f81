//! Where the entries come from: finds the log, waits for it, reads it into a board, and notices when
//! a new run takes its name. Knows no terminal.

use super::at;
use super::before::Before;
use super::journey::{Journey, News};
use super::kept::Kept;
use super::outside::Outside;
use super::past::Past;
use super::reading;
use super::travel::Order;
use crate::filter::Filter;
use crate::input;
use crate::salvage::Salvager;
use crate::tui::board::{Board, Scene};
use crate::tui::functions::{Costs, Report};
use crate::tui::tabs::View;
use crate::tui::warnings::{self, Limits, Warning};
use crate::when::When;
use anyhow::Context as _;
use ferret::event::{LogIndex, LogTime, Names, Part};
use ferret::log::{self, LogError, LogInfo, Merged, ReadOptions, Run, Tail, Waker, find_log};
use ferret::projections::StageReport;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What is to be watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// These logs, there or not yet.
    Named(Vec<PathBuf>),
    /// The newest log in a folder that is being written.
    Newest(PathBuf),
}

/// The source of what is shown.
#[derive(Debug)]
pub(crate) struct Source {
    wanted: Wanted,
    options: ReadOptions,
    /// The run that is read; none before there is one.
    run: Option<Run>,
    /// Whether a long log is read from its end, and what was before it in the background.
    pub(crate) from_end: bool,
    /// Reads what was before the board began; none if the board knows all.
    past: Option<Past>,
    /// More entries were there than the last reading took.
    is_behind: bool,
    /// Memory that is used again.
    merged: Merged,
    pub(crate) board: Board,
    /// Boards of the way, where one wants to go back.
    kept: Kept,
    journey: Journey,
    stages: Stages,
    functions: Functions,
    warnings: Warnings,
    /// From when on something is worth a warning.
    pub(crate) limits: Limits,
    /// What passes a filter on single spans, and what was found of that: then the functions are told
    /// of it alone.
    passing: Option<(Filter, Arc<Costs>)>,
    /// What is looked at: other views' numbers cost no time.
    pub(crate) view: View,
    outside: Outside,
    salvager: Salvager,
    before: Before,
}

/// The stages as last reported. What they add up to is a walk over all their intervals, so a long
/// run's are reported less often.
#[derive(Debug, Default)]
struct Stages {
    report: StageReport,
    /// As of when.
    at: LogTime,
    /// How long it took, ns.
    cost_ns: u64,
}

/// What looked wrong when it was last looked for.
#[derive(Debug, Default)]
struct Warnings {
    found: Vec<Warning>,
    at: LogTime,
    cost_ns: u64,
}

/// The functions as last reported.
#[derive(Debug, Default)]
struct Functions {
    report: Report,
    at: LogTime,
    cost_ns: u64,
}

/// A log of more entries takes long enough to read that nobody should wait for it.
const LONG: u64 = 100_000;

/// Numbers that change more often cannot be read, ns.
const CALM_NS: u64 = 250_000_000;

/// A report takes at most one part in so many of the time.
const STAGES_SHARE: u64 = 20;

impl Source {
    pub(crate) fn new(wanted: Wanted, options: ReadOptions) -> Self {
        Self {
            wanted,
            options,
            run: None,
            from_end: false,
            past: None,
            is_behind: false,
            merged: Merged::default(),
            board: Board::default(),
            kept: Kept::default(),
            journey: Journey::default(),
            stages: Stages::default(),
            functions: Functions::default(),
            warnings: Warnings::default(),
            limits: Limits::default(),
            passing: None,
            view: View::default(),
            outside: Outside::default(),
            salvager: Salvager::default(),
            before: Before::default(),
        }
    }

    /// Opens the log if it is there; says whether it is open.
    ///
    /// # Errors
    ///
    /// It is there and cannot be read.
    pub(crate) fn open(&mut self) -> Result<bool, LogError> {
        if self.run.is_some() {
            return Ok(true);
        }
        match self.open_now() {
            Ok(()) => Ok(true),
            Err(LogError::NotFound { .. } | LogError::EmptyFolder { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Opens the log, which must be there.
    ///
    /// # Errors
    ///
    /// It is not there, or cannot be read.
    pub(crate) fn open_now(&mut self) -> Result<(), LogError> {
        let paths = match &self.wanted {
            Wanted::Named(paths) => paths.clone(),
            Wanted::Newest(folder) => match find_log(folder)? {
                Some(path) => vec![path],
                None => return Err(LogError::NotFound { path: folder.join("run.redb") }),
            },
        };
        let mut run = Run::open(&paths, &self.options)?;
        self.board = Board::default();
        (self.past, self.kept, self.journey) = (None, Kept::default(), Journey::default());
        self.before = Before::default();
        if self.from_end && reading::entries(&run) > LONG {
            reading::go_to_end(&mut run, &mut self.board)?;
            // Only then: it would have the disk to itself.
            self.past = Past::read(paths.clone(), self.options).ok();
            if self.past.is_none() {
                // Without a thread it is read as a short one is.
                self.board = Board::default();
                run = Run::open(&paths, &self.options)?;
            }
        }
        self.run = Some(run);
        // From now on it is this log, under whichever run.
        self.wanted = Wanted::Named(paths);
        Ok(())
    }

    /// Whether a log is open.
    pub(crate) fn is_open(&self) -> bool {
        self.run.is_some()
    }

    /// Reads what there is, until it is `enough` entries or a few thousand more; each is shown to `see`.
    /// Gives how many there were: fewer than enough are all there are now.
    ///
    /// # Errors
    ///
    /// No log can be read any more.
    pub(crate) fn read(
        &mut self,
        enough: u64,
        see: impl FnMut(LogIndex, &Names, Part<'_>),
    ) -> Result<u64, LogError> {
        let Some(run) = &mut self.run else { return Ok(0) };
        let read = reading::read(run, &mut self.board, &mut self.merged, enough, see)?;
        if self.from_end && self.past.is_none() {
            self.kept.offer(&self.board, run);
        }
        self.is_behind = read >= enough;
        Ok(read)
    }

    /// Looks at the files anew: who lives, what was damaged, how much there is. The log of a process that has died
    /// is brought to its end; gives what is to be said of that.
    pub(crate) fn look_at_files(&mut self) -> Vec<String> {
        let Some(run) = &self.run else { return Vec::new() };
        let read_only = self.options.read_only;
        let said = if read_only { Vec::new() } else { self.salvager.look(run, self.options) };
        reading::note_files(run, &mut self.board);
        if self.is_behind {
            // How a process ended may stand in what has not been read yet: until then it lives.
            let dead = self.board.logs.iter_mut().filter(|file| file.owned == Some(false));
            dead.for_each(|file| file.owned = Some(true));
        }
        self.journey.note_files(&self.board);
        if let Wanted::Named(paths) = &self.wanted {
            self.before.look(paths, &self.board);
        }
        self.outside.look(&mut self.board, log::now());
        said
    }

    /// Waits for what is looked for beside the screen: the last good run.
    pub(crate) fn wait_for_before(&mut self) {
        self.before.wait();
    }

    /// The logs that are read and how, for another reading of them.
    pub(crate) fn paths(&self) -> Option<(Vec<PathBuf>, ReadOptions)> {
        match &self.wanted {
            Wanted::Named(paths) if self.is_open() => Some((paths.clone(), self.options)),
            Wanted::Named(_) | Wanted::Newest(_) => None,
        }
    }

    /// What is known of each log's file.
    pub(crate) fn infos(&self) -> Vec<LogInfo> {
        let logs = self.run.iter().flat_map(Run::logs);
        logs.map(|tail| tail.info().clone()).collect()
    }

    /// The run that is open.
    pub(crate) fn run(&self) -> Option<&Run> {
        self.run.as_ref()
    }

    /// Whether another run has taken the name: this one is over, and all of it should be read
    /// before [`Source::next_run`].
    pub(crate) fn replaced(&self) -> bool {
        self.run.as_ref().is_some_and(Run::replaced)
    }

    /// Lets go of this run, to open the next.
    pub(crate) fn next_run(&mut self) {
        self.run = None;
        self.past = None;
    }

    /// Whether more becomes known of the run's past.
    pub(crate) fn reads_past(&self) -> bool {
        self.past.is_some()
    }

    /// Lets who read the run from its beginning take over, if it has come to the end; says whether.
    ///
    /// # Errors
    ///
    /// The run cannot be read.
    pub(crate) fn catch_up(&mut self) -> Result<bool, LogError> {
        let Some(past) = &mut self.past else { return Ok(false) };
        let Some((run, board)) = past.finished()? else { return Ok(false) };
        self.kept = past.kept();
        if self.journey.is_of_another(&run) {
            self.journey = Journey::default();
        }
        (self.run, self.board, self.past) = (Some(run), board, None);
        self.forget_reports();
        Ok(true)
    }

    /// Goes to a past moment: what it is like is [`Source::news`].
    ///
    /// # Errors
    ///
    /// The log cannot be opened once more, or there is no thread to do it.
    pub(super) fn go(
        &mut self,
        order: Order,
        present: LogTime,
        now: LogTime,
    ) -> anyhow::Result<()> {
        let Some(run) = &self.run else { return Ok(()) };
        let order = match order {
            // Before it there is nothing.
            Order::To(at) => Order::To(at.max(input::first_time(run))),
            Order::On(_) | Order::Find { .. } | Order::Start => order,
        };
        let mut kept = self.past.as_ref().map_or_else(|| self.kept.clone(), Past::kept);
        // From the present, there is no way to it.
        let past = self.past.as_ref().map(Past::board);
        if self.journey.leave(&self.board, past.as_deref(), present) && past.is_none() {
            kept.come_to(&self.board, run);
        }
        self.journey.order(run, order, kept, now)
    }

    /// Goes to a moment of a run of which nothing has been read, and waits until it is there.
    ///
    /// # Errors
    ///
    /// No log can be read any more.
    pub(crate) fn go_at_once(&mut self, at: LogTime) -> Result<(), LogError> {
        let Some(run) = &mut self.run else { return Ok(()) };
        // What the present is like says who lived then.
        reading::go_to_end(&mut run.again()?, &mut self.board)?;
        self.journey.go_at_once(run, at)
    }

    /// The moment that is meant by `when`.
    ///
    /// # Errors
    ///
    /// There is no such moment in this run.
    pub(crate) fn moment(&self, when: When) -> anyhow::Result<LogTime> {
        let run = self.run.as_ref().context("there is no log yet")?;
        at::resolve(when, run, self.options)
    }

    /// Shows the present again.
    pub(crate) fn go_live(&mut self) {
        self.journey.end();
        self.forget_reports();
    }

    /// The way to a past moment.
    pub(super) fn journey(&mut self) -> &mut Journey {
        &mut self.journey
    }

    /// What there is new of the way to a past moment.
    pub(super) fn news(&mut self) -> Vec<News> {
        self.journey.news(&self.board)
    }

    /// The last moment of the run; none while it goes on.
    pub(crate) fn end(&self, now: LogTime) -> Option<LogTime> {
        let all = self.board.processes.iter();
        let heard = all.map(|(_, process)| process.last_heard()).max();
        let last = heard.map(|heard| heard.max(self.board.reached.latest));
        last.filter(|_| !self.board.is_live(now))
    }

    /// Sleeps until a log changes or someone wakes it, for `timeout` at most.
    pub(crate) fn wait(&mut self, timeout: Duration) {
        if let Some(run) = &mut self.run {
            run.wait(timeout);
        }
    }

    /// What ends [`Source::wait`] early.
    pub(crate) fn waker(&self) -> Option<Waker> {
        self.run.as_ref().map(Run::waker)
    }

    /// Shows the board as of `now`, or the past moment that was gone to.
    pub(crate) fn look<T>(&mut self, now: LogTime, look: impl FnOnce(&Scene) -> T) -> T {
        let shown = self.journey.shown.as_ref();
        let (board, now) = shown.map_or((&self.board, now), |shown| (&shown.board, shown.at));
        let age = now.0.abs_diff(self.stages.at.0);
        if age >= self.stages.cost_ns * STAGES_SHARE {
            let began = log::now();
            self.stages.report = board.stage_report(now);
            self.stages.at = now;
            self.stages.cost_ns = log::now().since(began);
        }
        let names: Vec<&Names> = self.run.iter().flat_map(Run::logs).map(Tail::names).collect();
        let past = self.past.as_ref().filter(|_| shown.is_none()).map(Past::board);
        let past = shown.and_then(|shown| shown.past.as_ref()).or(past.as_deref());
        let stages = &self.stages.report;
        let functions = &Report::default();
        let (before, warnings) = (self.before.found(), &[]);
        let scene = Scene { board, names: &names, now, stages, functions, warnings, past, before };
        let age = now.0.abs_diff(self.warnings.at.0);
        if age >= CALM_NS.max(self.warnings.cost_ns * STAGES_SHARE) {
            let began = log::now();
            let found = warnings::find(&scene, self.limits);
            self.warnings = Warnings { found, at: now, cost_ns: log::now().since(began) };
        }
        let age = now.0.abs_diff(self.functions.at.0);
        let cost_ns = self.functions.cost_ns;
        if self.view == View::Functions && age >= CALM_NS.max(cost_ns * STAGES_SHARE) {
            let began = log::now();
            let report = if let Some((filter, costs)) = &self.passing {
                Report::passing(costs, &scene, filter)
            } else {
                let costs = Costs::of(&scene.whole().calls, scene.share_read());
                Report::of(&costs, &scene)
            };
            self.functions = Functions { report, at: now, cost_ns: log::now().since(began) };
        }
        let (functions, warnings) = (&self.functions.report, &self.warnings.found);
        look(&Scene { functions, warnings, ..scene })
    }

    /// From now on functions are told of what passes this filter on single spans; of all calls if
    /// there is none.
    pub(crate) fn pass(&mut self, passing: Option<(Filter, Arc<Costs>)>) {
        self.passing = passing;
        self.functions = Functions::default();
        self.warnings = Warnings::default();
    }

    /// Stages, functions and warnings are to be found anew at the next look.
    pub(crate) fn forget_reports(&mut self) {
        self.stages = Stages::default();
        self.functions = Functions::default();
        self.warnings = Warnings::default();
    }

    /// What is waited for, for people.
    pub(crate) fn waits_for(&self) -> Vec<String> {
        match &self.wanted {
            Wanted::Named(paths) => {
                let path = paths.first().map(|path| path.display().to_string()).unwrap_or_default();
                vec![
                    format!("Waiting for {path}, which does not exist yet."),
                    String::new(),
                    "It appears when a profiled program starts recording there:".to_owned(),
                    format!("  ferret run --log {path} -- PROGRAM"),
                    format!("  FERRET_LOG={path} PROGRAM"),
                ]
            }
            Wanted::Newest(folder) => vec![
                "Waiting for a log that is being written in this folder,".to_owned(),
                format!("  {}", folder.display()),
                String::new(),
                "Start a profiled program here:".to_owned(),
                "  ferret run -- PROGRAM".to_owned(),
                "or name a log, also one of a program that has ended:".to_owned(),
                "  ferret watch run.redb".to_owned(),
            ],
        }
    }
}
