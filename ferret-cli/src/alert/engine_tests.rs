//! Rules on made-up workers, second by second.

use super::*;
use crate::alert::made_up::{BEGIN, SECOND, worker};
use crate::alert::rules;
use crate::alert::watched::{CounterNow, OpenNow};
use ferret::event::{Position, ProcessState, SpanId, ThreadId};

fn ended(number: u32, second: u64, state: ProcessState, at: u64) -> WorkerNow {
    WorkerNow {
        state,
        ended_ns: Some((BEGIN + at) * SECOND),
        heard_ns: None,
        quiet_ns: None,
        ..worker(number, second)
    }
}

/// Rules at work.
pub(super) fn engine(text: &str) -> Engine {
    let rules = rules::read(text).unwrap_or_else(|faults| panic!("{faults:?}"));
    Engine::new(rules.rules)
}

/// Ticks once a second, and lists what is told: the second, what, and of whom.
#[track_caller]
fn check(rule: &str, seconds: u64, workers: impl Fn(u64) -> Vec<WorkerNow>, expect: &[&str]) {
    let text = format!("[[rule]]\nname = \"r\"\n{rule}");
    let mut engine = engine(&text);
    let mut told = Vec::new();
    for second in 0..seconds {
        let notices = engine.tick((BEGIN + second) * SECOND, &workers(second));
        told.extend(notices.iter().map(|notice| (second, notice.clone())));
    }
    let told: Vec<_> = told.iter().map(|(second, notice)| line(*second, notice)).collect();
    assert_eq!(told, expect, "{rule}");
}

/// A message, in short.
pub(super) fn line(second: u64, notice: &Notice) -> String {
    let subjects: Vec<_> =
        notice.subjects.iter().map(|it| format!("{}: {}", it.subject, it.text)).collect();
    let and = if notice.left_out > 0 { format!(" and {}", notice.left_out) } else { String::new() };
    format!("{second} {} {}{and}", notice.what.name(), subjects.join(" | "))
}

#[test]
fn a_threshold_is_told_after_its_time_and_when_it_is_over() {
    let cpu = |second| if (3..8).contains(&second) { 95.0 } else { 20.0 };
    let workers = |second| vec![WorkerNow { cpu_percent: Some(cpu(second)), ..worker(7, second) }];
    check(
        "when = \"worker.cpu > 90%\"\nfor = \"2s\"",
        12,
        workers,
        &[
            "5 firing pipeline 7: cpu is 95.0 % (> 90.0 %)",
            "10 resolved pipeline 7: cpu is 20.0 %; it lasted 7.0 s",
        ],
    );
    check("when = \"worker.cpu > 90%\"\nfor = \"9s\"", 12, workers, &[]);
    check(
        "when = \"worker.cpu > 90%\"\nresolved = false",
        12,
        workers,
        &["3 firing pipeline 7: cpu is 95.0 % (> 90.0 %)"],
    );
    check("when = \"worker.cpu > 90%\"\nworkers = \"other\"", 12, workers, &[]);
    check("when = \"worker.cpu > 90%\"\ngrace = \"2h\"", 12, workers, &[]);
}

#[test]
fn what_comes_and_goes_around_a_value_needs_to_go_farther_to_be_over() {
    let cpu =
        |second: u64| if second < 9 { [85.0, 95.0][usize::from(second % 2 == 1)] } else { 10.0 };
    let workers = |second| vec![WorkerNow { cpu_percent: Some(cpu(second)), ..worker(7, second) }];
    check(
        "when = \"worker.cpu > 90%\"\nclear = \"50%\"",
        12,
        workers,
        &[
            "1 firing pipeline 7: cpu is 95.0 % (> 90.0 %)",
            "9 resolved pipeline 7: cpu is 10.0 %; it lasted 8.0 s",
        ],
    );
}

#[test]
fn two_hundred_workers_at_once_are_one_message() {
    let workers = |second: u64| -> Vec<WorkerNow> {
        let all = (0..200).map(move |number| WorkerNow {
            threads: Some(if second >= 2 { 99 } else { 1 }),
            ..worker(number, second)
        });
        all.collect()
    };
    let text = "[[rule]]\nname = \"r\"\nwhen = \"worker.threads > 50\"";
    let mut engine = engine(text);
    let told: Vec<_> = (0..20)
        .flat_map(|second| engine.tick((BEGIN + second) * SECOND, &workers(second)))
        .collect();
    let [notice] = &told[..] else { panic!("{told:?}") };
    assert_eq!((notice.subjects.len(), notice.left_out), (10, 190));
    assert!(notice.text.contains("200 of them") && notice.text.contains("and 190 more"));
}

#[test]
fn those_that_follow_a_message_are_told_together_in_the_next() {
    let workers = |second: u64| {
        let all = (1..=5).map(move |number| WorkerNow {
            threads: Some(if second >= u64::from(number) { 99 } else { 1 }),
            ..worker(number, second)
        });
        all.collect()
    };
    check(
        "when = \"worker.threads > 50\"",
        20,
        workers,
        &[
            "1 firing pipeline 1: threads is 99 (> 50)",
            "11 firing pipeline 2: threads is 99 (> 50) | pipeline 3: threads is 99 (> 50) | \
             pipeline 4: threads is 99 (> 50) | pipeline 5: threads is 99 (> 50)",
        ],
    );
}

#[test]
fn each_way_to_end_has_its_own_words_and_is_told_once() {
    let workers = |second: u64| {
        if second < 2 {
            return (1..=4).map(|number| worker(number, second)).collect();
        }
        let death = Some("killed by signal 9 (SIGKILL)".to_owned());
        vec![
            ended(1, 0, ProcessState::Exited, 1),
            WorkerNow { exit_code: Some(3), ..ended(2, 0, ProcessState::Failed, 1) },
            WorkerNow { signal: Some(15), ..ended(3, 0, ProcessState::Stopped, 1) },
            WorkerNow { signal: Some(9), death, ..ended(4, 0, ProcessState::Crashed, 1) },
        ]
    };
    check(
        "happens = [\"exited\", \"failed\", \"stopped\", \"crashed\"]",
        20,
        workers,
        &[
            "2 happened pipeline 1: exited cleanly after 16m 40s",
            "2 happened pipeline 2: failed with exit code 3 after 16m 40s",
            "2 happened pipeline 3: was stopped by SIGTERM after 16m 40s",
            "2 happened pipeline 4: crashed after 16m 40s: killed by signal 9 (SIGKILL)",
        ],
    );
    check(
        "happens = \"crashed\"",
        20,
        workers,
        &["2 happened pipeline 4: crashed after 16m 40s: killed by signal 9 (SIGKILL)"],
    );
}

#[test]
fn a_death_whose_cause_may_still_come_is_told_a_tick_later() {
    let workers = |second: u64| match second {
        0 => vec![worker(1, second)],
        1 => vec![ended(1, 0, ProcessState::Crashed, 0)],
        // Its parent has waited for it.
        _ => vec![WorkerNow { exit_code: Some(1), ..ended(1, 0, ProcessState::Failed, 0) }],
    };
    check(
        "happens = [\"crashed\", \"failed\"]",
        5,
        workers,
        &["2 happened pipeline 1: failed with exit code 1 after 16m 40s"],
    );
}

#[test]
fn what_was_over_before_the_first_look_is_no_news_but_what_fires_is() {
    let workers = |second: u64| {
        vec![
            ended(1, 0, ProcessState::Crashed, 0).tap(|it| it.ended_ns = Some(SECOND)),
            WorkerNow { cpu_percent: Some(99.0), ..worker(2, second) },
        ]
    };
    check("happens = [\"started\", \"crashed\"]", 5, workers, &[]);
    check(
        "when = \"worker.cpu > 90%\"",
        5,
        workers,
        &["0 firing pipeline 2: cpu is 99.0 % (> 90.0 %)"],
    );
}

/// Changes what was just made.
trait Tap: Sized {
    fn tap(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

impl Tap for WorkerNow {}

#[test]
fn a_program_that_goes_on_crashing_is_told_less_and_less_often() {
    let workers = |second: u64| -> Vec<WorkerNow> {
        let one = |number: u64| {
            let number = u32::try_from(number).unwrap();
            ended(number, 0, ProcessState::Crashed, u64::from(number))
                .tap(|it| it.started_ns = (BEGIN + u64::from(number)) * SECOND)
                .tap(|it| it.signal = Some(11))
        };
        (1..=second).map(one).collect()
    };
    let text = "[[rule]]\nname = \"r\"\nhappens = \"crashed\"\ncooldown = \"1m\"";
    let mut engine = engine(text);
    let mut seconds = Vec::new();
    for second in 0..200 {
        for notice in engine.tick((BEGIN + second) * SECOND, &workers(second)) {
            seconds.push((second, notice.subjects.len() as u64 + notice.left_out));
        }
    }
    assert_eq!(seconds, [(1, 1), (11, 10), (31, 20), (71, 40), (131, 60), (191, 60)]);
}

#[test]
fn a_worker_that_ends_or_vanishes_while_its_rule_fires_ends_it_with_the_reason() {
    let busy = |second| WorkerNow { cpu_percent: Some(99.0), ..worker(2, second) };
    let rule = "when = \"worker.cpu > 90%\"\nresolve_after = \"1h\"";
    check(
        rule,
        5,
        |second| if second < 2 { vec![busy(second)] } else { Vec::new() },
        &[
            "0 firing pipeline 2: cpu is 99.0 % (> 90.0 %)",
            "2 resolved pipeline 2: its worker is not there any more; it lasted 2.0 s",
        ],
    );
    check(
        rule,
        5,
        |second| {
            let exited = ended(2, 0, ProcessState::Exited, 1);
            vec![if second < 2 { busy(second) } else { exited }]
        },
        &[
            "0 firing pipeline 2: cpu is 99.0 % (> 90.0 %)",
            "2 resolved pipeline 2: its worker exited cleanly after 16m 40s; it lasted 2.0 s",
        ],
    );
    let died = |second| match second {
        0 | 1 => vec![busy(second)],
        _ => vec![ended(2, 0, ProcessState::Crashed, 1)],
    };
    check(
        rule,
        5,
        died,
        &[
            "0 firing pipeline 2: cpu is 99.0 % (> 90.0 %)",
            "3 resolved pipeline 2: its worker crashed after 16m 40s: died without a word; it lasted 3.0 s",
        ],
    );
    check(
        "happens = \"vanished\"",
        5,
        |second| if second < 2 { vec![busy(second)] } else { Vec::new() },
        &["2 happened pipeline 2: vanished: its log is not there any more, and it had not ended"],
    );
}

#[test]
fn a_worker_that_says_nothing_or_does_nothing_is_told() {
    let workers = |second: u64| {
        let silent_ns = if second < 7 { second * SECOND } else { 0 };
        let (heard_ns, quiet_ns) = (Some(silent_ns), Some(silent_ns));
        vec![WorkerNow { heard_ns, quiet_ns, ..worker(1, second) }]
    };
    check(
        "no_heartbeat_for = \"5s\"",
        10,
        workers,
        &[
            "5 firing pipeline 1: nothing was heard of it for 5.0 s",
            "7 resolved pipeline 1: nothing was heard of it for 0.0 s; it lasted 2.0 s",
        ],
    );
    check(
        "no_work_for = \"5s\"\nresolved = false",
        10,
        workers,
        &["5 firing pipeline 1: it has done nothing for 5.0 s"],
    );
}

fn open(name: &str, age_ns: u64, progress: Option<(u64, u64)>) -> OpenNow {
    OpenNow {
        span: SpanId { thread: ThreadId(1), start: Position(age_ns % 7) },
        name: name.to_owned(),
        module: "pipeline::audio".to_owned(),
        file: "src/audio.rs".to_owned(),
        kind: "stage",
        thread: Some("main".to_owned()),
        age_ns,
        tags: vec![("user".to_owned(), ferret::event::TagValue::Unsigned(7))],
        progress,
    }
}

#[test]
fn a_span_that_is_open_for_too_long_is_told_by_its_filter() {
    let workers = |second: u64| {
        let decode = (second < 6).then(|| open("decode", second * SECOND, None));
        let open = decode.into_iter().chain([open("serve", second * SECOND, None)]).collect();
        vec![WorkerNow { open, ..worker(1, second) }]
    };
    check(
        "open_for = \"3s\"\nspans = \"decode & tag:user = 7\"",
        10,
        workers,
        &[
            "3 firing decode of pipeline 1: it has been open for 3.0 s in main (user=7)",
            "6 resolved decode of pipeline 1: it is not so any more; it lasted 3.0 s",
        ],
    );
    check("open_for = \"3s\"\nspans = \"decode & thread:other\"", 10, workers, &[]);
}

#[test]
fn a_span_whose_progress_stands_still_is_told_and_one_that_says_none_is_not() {
    let workers = |second: u64| {
        let done = second.min(3) + second.saturating_sub(7);
        let mut moves = open("moves", second * SECOND, Some((second, 100)));
        moves.span = SpanId { thread: ThreadId(2), start: Position(1) };
        let mut sticks = open("sticks", second * SECOND, Some((done, 10)));
        sticks.span = SpanId { thread: ThreadId(3), start: Position(1) };
        let open = vec![open("says_none", second * SECOND, None), moves, sticks];
        vec![WorkerNow { open, ..worker(1, second) }]
    };
    check(
        "no_progress_for = \"3s\"",
        10,
        workers,
        &[
            "6 firing sticks of pipeline 1: it has been at 3/10 for 3.0 s (user=7)",
            "8 resolved sticks of pipeline 1: it is not so any more; it lasted 2.0 s",
        ],
    );
}

#[test]
fn counts_are_asked_by_how_much_they_grew_in_the_window() {
    let workers = |second: u64| {
        let dropped = if second >= 3 { 50 } else { 8 };
        let counters = vec![
            CounterNow {
                name: "jobs".to_owned(),
                value: 10.0 * f64::from(u32::try_from(second).unwrap()),
                is_gauge: false,
            },
            CounterNow { name: "queue".to_owned(), value: 3.5, is_gauge: true },
        ];
        vec![WorkerNow { dropped, counters, ..worker(1, second) }]
    };
    check(
        "when = \"worker.dropped > 0\"\nwindow = \"4s\"",
        10,
        workers,
        &[
            "3 firing pipeline 1: dropped in the last 4.0 s is 42 (> 0)",
            "7 resolved pipeline 1: dropped in the last 4.0 s is 0; it lasted 4.0 s",
        ],
    );
    check(
        "when = \"counter.jobs >= 30\"\nwindow = \"4s\"",
        5,
        workers,
        &["3 firing pipeline 1: jobs in the last 4.0 s is 30 (≥ 30)"],
    );
    check(
        "when = \"counter.queue > 3\"",
        5,
        workers,
        &["0 firing pipeline 1: queue is 3.500 (> 3)"],
    );
}

#[test]
fn the_fleet_is_asked_as_one() {
    let workers = |second: u64| {
        let dead = ended(2, 0, ProcessState::Failed, 2);
        vec![worker(1, second), if second < 3 { worker(2, second) } else { dead }]
    };
    check(
        "when = \"fleet.alive < 2\"\nworkers = \"pipeline\"\nfor = \"1s\"",
        6,
        workers,
        &["4 firing workers pipeline: alive is 1 (< 2)"],
    );
}

#[test]
fn the_end_of_a_worker_whose_log_comes_back_is_told_once() {
    let workers = |second| match second {
        0 | 4..6 => Vec::new(),
        1 | 2 => vec![WorkerNow { started_ns: (BEGIN + 1) * SECOND, ..worker(7, second) }],
        _ => vec![WorkerNow {
            started_ns: (BEGIN + 1) * SECOND,
            exit_code: Some(3),
            ..ended(7, 2, ProcessState::Failed, 3)
        }],
    };
    check(
        "happens = [\"started\", \"failed\", \"vanished\"]\ncooldown = \"0s\"",
        9,
        workers,
        &[
            "1 happened pipeline 7: started on box",
            "3 happened pipeline 7: failed with exit code 3 after 16m 42s",
        ],
    );
}
