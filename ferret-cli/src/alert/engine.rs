//! The rules at work: workers in, messages out, tick by tick. It reads no clock and no file: the same ticks give the
//! same messages, whether they are of now or of a log.

use super::asked::{self, Memory, Now};
use super::happened::{Happened, Workers};
use super::notice::{Line, Notice, What, Who};
use super::rules::{Asks, Event, Rule};
use super::subject::{Change, Finding, Holding, Key, Patience, State, Subject};
use super::watched::WorkerNow;
use super::window::Windows;
use crate::analyze::Selector;
use crate::filter::Filter;
use crate::fleet::WallClock;
use crate::format;
use ferret::event::{Names, Offset, Part, ProcessUid};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Rules, and what they know.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) rules: Vec<RuleState>,
    /// What functions did lately, by the length of the window, ns.
    windows: BTreeMap<u64, Windows>,
    workers: Workers,
    /// Up to where the calls of each worker have been counted: its log may be opened anew.
    counted: BTreeMap<ProcessUid, Offset>,
    /// When the first tick was, ns.
    began_ns: Option<u64>,
    /// What happened before is no news, ns; before the first tick, unless said.
    news_from_ns: Option<u64>,
}

/// A rule, and what it knows.
#[derive(Debug)]
pub(super) struct RuleState {
    pub(super) rule: Rule,
    pub(super) subjects: BTreeMap<Key, Subject>,
    /// Subjects that were too many at the last tick.
    pub(super) left_out: u64,
    memory: Memory,
    firing: Gathered,
    resolved: Gathered,
    /// What happened, by what it is and by program.
    happened: BTreeMap<(Event, String), Gathered>,
    /// What happened lately, the newest last.
    pub(super) lately: VecDeque<Line>,
}

/// Lines that are told together.
#[derive(Debug, Default)]
struct Gathered {
    lines: Vec<Line>,
    /// Since when the first of them waits, ns.
    waits_from: Option<u64>,
    /// When the last were told, and how long those after them wait, ns.
    told: Option<(u64, u64)>,
}

/// What comes within so long of a message is told together in the next, ns.
const GATHER_NS: u64 = 10_000_000_000;
/// Subjects of one rule; more are counted.
const SUBJECTS: usize = 10_000;
/// Happenings that a rule remembers.
const LATELY: usize = 20;
/// Lines that wait to be told; more are told at once.
const WAITING: usize = 1_000;

impl Engine {
    pub(super) fn new(rules: Vec<Rule>) -> Self {
        let mut windows = BTreeMap::new();
        let lengths: BTreeSet<_> = rules.iter().filter_map(Rule::function_window_ns).collect();
        for window_ns in lengths {
            windows.insert(window_ns, Windows::new(window_ns, wanted(&rules, window_ns)));
        }
        let state = |rule| RuleState {
            rule,
            subjects: BTreeMap::new(),
            left_out: 0,
            memory: Memory::default(),
            firing: Gathered::default(),
            resolved: Gathered::default(),
            happened: BTreeMap::new(),
            lately: VecDeque::new(),
        };
        let rules = rules.into_iter().map(state).collect();
        let workers = Workers::default();
        let counted = BTreeMap::new();
        Self { rules, windows, workers, counted, began_ns: None, news_from_ns: None }
    }

    /// The same, for which all that happened is news.
    pub(super) fn of_the_past(rules: Vec<Rule>) -> Self {
        Self { news_from_ns: Some(0), ..Self::new(rules) }
    }

    /// Whether a part is behind all that came before it of its log, and notes it; else it has been counted.
    pub(super) fn is_next(&mut self, uid: ProcessUid, part: Part<'_>) -> bool {
        let counted = self.counted.entry(uid).or_insert(Offset(0));
        let is_next = part.first() >= *counted;
        *counted = part.next().max(*counted);
        is_next
    }

    /// Takes a part of a worker's log.
    pub(super) fn see(&mut self, uid: ProcessUid, clock: WallClock, names: &Names, part: Part<'_>) {
        self.windows.values_mut().for_each(|windows| windows.see(uid, clock, names, part));
    }

    /// Looks at the workers as they are at `now_ns`; what is to be told. Time never goes back.
    pub(super) fn tick(&mut self, now_ns: u64, workers: &[WorkerNow]) -> Vec<Notice> {
        let began_ns = *self.began_ns.get_or_insert(now_ns);
        let news_from_ns = *self.news_from_ns.get_or_insert(now_ns);
        let longest_ns = self.windows.keys().next_back().copied().unwrap_or(0);
        let happened = self.workers.see(now_ns, news_from_ns, workers);
        self.workers.forget(now_ns.saturating_sub(longest_ns));
        let former: Vec<_> = self.workers.former().collect();
        let known = workers.iter().chain(former.iter().copied());
        let uids: BTreeSet<ProcessUid> = known.map(|worker| worker.uid).collect();
        let hosts: BTreeSet<&str> = workers.iter().map(|worker| worker.host.as_str()).collect();
        self.windows.values_mut().for_each(|windows| windows.keep(|uid| uids.contains(&uid)));
        self.counted.retain(|uid, _| uids.contains(uid));
        let has_hosts = hosts.len() > 1;
        let now = Now { ns: now_ns, began_ns, news_from_ns, workers, former: &former, has_hosts };
        let mut notices = Vec::new();
        for state in &mut self.rules {
            state.memory.keep(|uid| uids.contains(&uid));
            if let Asks::Happens(_) = state.rule.asks {
                state.take(&happened);
            } else {
                let window = state.rule.function_window_ns();
                let windows = window.and_then(|window_ns| self.windows.get(&window_ns));
                let findings = asked::findings(&state.rule, &mut state.memory, windows, now);
                state.step(findings, now_ns, &self.workers);
            }
            state.tell(now_ns, false, &mut notices);
        }
        notices
    }

    /// What waits to be told together with more: there will be no more.
    pub(super) fn finish(&mut self, now_ns: u64) -> Vec<Notice> {
        let mut notices = Vec::new();
        self.rules.iter_mut().for_each(|state| state.tell(now_ns, true, &mut notices));
        notices
    }

    /// Functions that were too many to be kept.
    pub(super) fn functions_left_out(&self) -> u64 {
        self.windows.values().map(Windows::left_out).sum()
    }
}

/// The functions that rules with this window ask about; all if there is none.
fn wanted(rules: &[Rule], window_ns: u64) -> Option<Vec<Filter>> {
    let rules = rules.iter().filter(|rule| rule.function_window_ns() == Some(window_ns));
    let filter = |rule: &Rule| match &rule.asks {
        Asks::Threshold(threshold) => match &threshold.clause.selector {
            Selector::Some(filter) => Some(filter.clone()),
            Selector::Every | Selector::Run => None,
        },
        Asks::Happens(_)
        | Asks::NoHeartbeat(_)
        | Asks::NoWork(_)
        | Asks::NoProgress(..)
        | Asks::Open(..) => None,
    };
    rules.map(filter).collect()
}

impl RuleState {
    fn patience(&self) -> Patience {
        let Rule { for_ns, resolve_after_ns, cooldown_ns, .. } = self.rule;
        Patience { for_ns, resolve_after_ns, cooldown_ns }
    }

    /// Takes what was found, and what is not found any more.
    fn step(&mut self, findings: Vec<Finding>, now_ns: u64, workers: &Workers) {
        let patience = self.patience();
        let (mut found, mut over) = (BTreeSet::new(), BTreeSet::new());
        self.left_out = 0;
        for Finding { key, title, who, holding, text } in findings {
            if !self.subjects.contains_key(&key) {
                // What is well needs no memory.
                if holding != Holding::Yes {
                    continue;
                }
                if self.subjects.len() == SUBJECTS {
                    self.left_out += 1;
                    continue;
                }
                self.subjects.insert(key.clone(), Subject::new(title, who));
            }
            let Some(subject) = self.subjects.get_mut(&key) else { continue };
            subject.text = text;
            let change = subject.step(now_ns, holding, patience);
            self.firing.add(change, subject);
            self.resolved.add_resolved(change, subject, now_ns);
            found.insert(key);
        }
        // Why it is over is known at the next tick.
        let is_open = |key: &Key| key.0.is_some_and(|uid| workers.is_settling(uid));
        let is_missing = |key: &Key| !found.contains(key) && !is_open(key);
        let missing = self.subjects.iter_mut().filter(|(key, _)| is_missing(key));
        for (key, subject) in missing {
            let why = key.0.and_then(|uid| workers.why_over(uid));
            let change = if let Some(why) = why {
                subject.text = why;
                over.insert(key.clone());
                subject.end()
            } else {
                if subject.state() != State::Ok {
                    "it is not so any more".clone_into(&mut subject.text);
                }
                subject.step(now_ns, Holding::No, patience)
            };
            self.resolved.add_resolved(change, subject, now_ns);
        }
        self.subjects.retain(|key, subject| {
            !over.contains(key) && !subject.is_forgettable(now_ns, patience)
        });
    }

    /// Takes what happened, as far as the rule waits for it.
    fn take(&mut self, happened: &[Happened]) {
        let Asks::Happens(events) = &self.rule.asks else { return };
        for one in happened.iter().filter(|one| events.contains(&one.what)) {
            let worker = &one.worker;
            let filter = self.rule.workers.as_ref();
            if filter.is_some_and(|filter| filter.test(worker) != Some(true)) {
                continue;
            }
            let who = Some(Who::of(worker));
            let line = Line::new(&worker.title(), one.at_ns, &one.text(), who);
            if self.lately.len() == LATELY {
                self.lately.pop_front();
            }
            self.lately.push_back(line.clone());
            let key = (one.what, worker.program.clone());
            self.happened.entry(key).or_default().lines.push(line);
        }
    }

    fn tell(&mut self, now_ns: u64, is_last: bool, notices: &mut Vec<Notice>) {
        let rule = &self.rule;
        let mut say = |what, lines: Vec<Line>| {
            if !lines.is_empty() {
                notices.push(Notice::new(rule, what, now_ns, lines));
            }
        };
        let gap = |_: u64| GATHER_NS.min(rule.cooldown_ns);
        let [firing, resolved] = [&mut self.firing, &mut self.resolved];
        firing.begin_waiting(now_ns);
        resolved.begin_waiting(now_ns);
        // Both at once, those that came first first: what is told last of a subject is how it is.
        let is_firing_first = firing.waits_from <= resolved.waits_from.or(Some(u64::MAX));
        let at_once = is_last || firing.is_due(now_ns) || resolved.is_due(now_ns);
        let firing = firing.due(now_ns, at_once, gap);
        let resolved = resolved.due(now_ns, at_once, gap);
        let resolved = if rule.tells_end { resolved } else { Vec::new() };
        let (firing, resolved) = ((What::Firing, firing), (What::Resolved, resolved));
        let [first, second] = if is_firing_first { [firing, resolved] } else { [resolved, firing] };
        say(first.0, first.1);
        say(second.0, second.1);
        // Of a program that goes on crashing is told less and less often.
        let longer = |before: u64| (before * 2).clamp(GATHER_NS, rule.cooldown_ns.max(GATHER_NS));
        let longer = |before| longer(before).min(rule.cooldown_ns);
        let mut due: BTreeMap<Event, Vec<Line>> = BTreeMap::new();
        for ((event, _), gathered) in &mut self.happened {
            due.entry(*event).or_default().extend(gathered.due(now_ns, is_last, longer));
        }
        for lines in due.into_values() {
            say(What::Happened, lines);
        }
        let cooldown_ns = rule.cooldown_ns;
        self.happened.retain(|_, gathered| !gathered.is_over(now_ns, cooldown_ns));
    }
}

impl Gathered {
    fn add(&mut self, change: Option<Change>, subject: &Subject) {
        let Some(Change::Fired { since_ns, untold }) = change else { return };
        let times = format::count(untold);
        let untold = match untold {
            0 => String::new(),
            1 => "; it came and went once since this was last told".to_owned(),
            _ => format!("; it came and went {times} times since this was last told"),
        };
        let text = format!("{}{untold}", subject.text);
        self.lines.push(Line::new(&subject.title, since_ns, &text, subject.who.clone()));
    }

    fn add_resolved(&mut self, change: Option<Change>, subject: &Subject, now_ns: u64) {
        let Some(Change::Resolved { since_ns }) = change else { return };
        let lasted = format::age(now_ns.saturating_sub(since_ns));
        let text = format!("{}; it lasted {lasted}", subject.text);
        self.lines.push(Line::new(&subject.title, since_ns, &text, subject.who.clone()));
    }

    /// The lines that are to be told now. Those that come after them wait for as long as `gap` says of the wait
    /// before.
    fn due(&mut self, now_ns: u64, is_last: bool, gap: impl Fn(u64) -> u64) -> Vec<Line> {
        if self.lines.is_empty() || !(is_last || self.is_due(now_ns)) {
            return Vec::new();
        }
        let before = self.told.map_or(0, |(_, wait)| wait);
        self.told = Some((now_ns, gap(before)));
        self.waits_from = None;
        std::mem::take(&mut self.lines)
    }

    /// Notes since when something waits.
    fn begin_waiting(&mut self, now_ns: u64) {
        if !self.lines.is_empty() {
            self.waits_from.get_or_insert(now_ns);
        }
    }

    /// Whether there is something to be told now.
    fn is_due(&self, now_ns: u64) -> bool {
        let waits = self.told.is_some_and(|(at, wait)| now_ns.saturating_sub(at) < wait);
        !self.lines.is_empty() && (!waits || self.lines.len() >= WAITING)
    }

    /// Whether it has been quiet for long enough to begin anew.
    fn is_over(&self, now_ns: u64, cooldown_ns: u64) -> bool {
        let is_old = |(at, wait): (u64, u64)| now_ns.saturating_sub(at) >= wait + cooldown_ns;
        self.lines.is_empty() && self.told.is_none_or(is_old)
    }
}

#[cfg(test)]
#[path = "engine_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "engine_calls_tests.rs"]
mod calls_tests;
