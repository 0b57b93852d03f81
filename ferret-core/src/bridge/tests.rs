//! What `tracing` tells, as the recorder's entries.

use super::tracing_layer;
use crate::record::tests::{check, leave_values_out, record};
use crate::record::{Callsite, enter};
use std::sync::Arc;
use tracing::{Instrument as _, error, info, info_span, warn};
use tracing_subscriber::layer::SubscriberExt as _;

static OURS: Callsite = Callsite::new("ours", "m", "f.rs", 1, crate::event::CallsiteKind::Function);

/// Runs `program` with the layer on this thread.
fn traced<R>(program: impl FnOnce() -> R) -> R {
    tracing::subscriber::with_default(tracing_subscriber::registry().with(tracing_layer()), program)
}

#[test]
fn spans_nest_with_ours_and_their_fields_are_tags() {
    check(
        || {
            traced(|| {
                let outer = info_span!("outer", n = 7, late = tracing::field::Empty).entered();
                let ours = enter(&OURS);
                info_span!("inner", what = ?"x", ok = true).in_scope(|| drop(enter(&OURS)));
                drop(ours);
                outer.record("late", "now");
            });
        },
        &[
            "1 start outer",
            "1 tag outer n=7",
            "1 enter outer",
            "1 start ours in outer",
            "1 start inner in ours",
            "1 tag inner what=\"x\"",
            "1 tag inner ok=true",
            "1 enter inner",
            "1 start ours in inner",
            "1 end ours Ok",
            "1 exit inner",
            "1 end inner Ok",
            "1 end ours Ok",
            "1 tag outer late=now",
            "1 exit outer",
            "1 end outer Ok",
            "1 thread end",
        ],
    );
}

#[test]
fn no_value_of_what_it_tells_is_recorded_where_values_are_left_out() {
    check(
        || {
            leave_values_out();
            traced(|| {
                let _span = info_span!("span", user = "somebody").entered();
                warn!(peer = "10.0.0.1", "reset after {} ms", 20);
                info!("plain");
            });
        },
        &[
            "1 start span",
            "1 enter span",
            "1 mark WARN message peer",
            "1 mark INFO message",
            "1 exit span",
            "1 end span Ok",
            "1 thread end",
        ],
    );
}

#[test]
fn events_are_marks_and_their_fields_are_tags_of_the_span() {
    check(
        || {
            traced(|| {
                let _span = info_span!("span").entered();
                warn!(peer = "10.0.0.1", "reset after {} ms", 20);
                info!(n = 1.5);
            });
        },
        &[
            "1 start span",
            "1 enter span",
            "1 tag span peer=10.0.0.1",
            "1 mark WARN reset after 20 ms",
            "1 tag span n=1.5",
            "1 mark INFO n",
            "1 exit span",
            "1 end span Ok",
            "1 thread end",
        ],
    );
}

#[test]
fn an_error_in_a_span_and_a_panic_are_its_outcome() {
    check(
        || {
            traced(|| {
                info_span!("fails").in_scope(|| error!(error = %"no route"));
                info_span!("complains").in_scope(|| error!("but goes on"));
                let panics = || {
                    let _span = info_span!("panics").entered();
                    drop(enter(&OURS));
                    std::panic::resume_unwind(Box::new(1));
                };
                std::panic::catch_unwind(panics).unwrap_err();
            });
        },
        &[
            "1 start fails",
            "1 enter fails",
            "1 tag fails error=no route",
            "1 mark ERROR error",
            "1 exit fails",
            "1 end fails Err",
            "1 start complains",
            "1 enter complains",
            "1 mark ERROR but goes on",
            "1 exit complains",
            "1 end complains Ok",
            "1 start panics",
            "1 enter panics",
            "1 start ours in panics",
            "1 end ours Ok",
            "1 exit panics",
            "1 end panics Panicked",
            "1 thread end",
        ],
    );
}

#[test]
fn a_parent_is_the_one_that_is_told_wherever_the_span_runs() {
    let list = record(|| {
        let dispatch: tracing::Dispatch =
            tracing_subscriber::registry().with(tracing_layer()).into();
        let dispatch = Arc::new(dispatch);
        let make = || {
            let root = info_span!("root");
            let child = info_span!(parent: &root, "child");
            let alone = info_span!(parent: None, "alone");
            (root, child, alone)
        };
        let (root, child, alone) = tracing::dispatcher::with_default(&dispatch, || {
            let _ours = enter(&OURS);
            make()
        });
        let work = async { enter(&OURS) }.instrument(child);
        let runs = std::thread::Builder::new();
        let there = Arc::clone(&dispatch);
        let run = move || {
            tracing::dispatcher::with_default(&there, || drop(futures::executor::block_on(work)));
        };
        runs.spawn(run).unwrap().join().unwrap();
        drop((root, alone));
    });
    let script = list.script();
    let told =
        |line: &str| assert!(script.iter().any(|l| l.ends_with(line)), "{line}: {script:#?}");
    told("1 start root in ours");
    told("1 start child in root");
    told("1 start alone");
    told("2 start ours in child");
    told("end child Ok");
    told("1 end alone Ok");
}

#[test]
fn messages_that_are_never_the_same_are_other_in_the_end() {
    let list = record(|| {
        traced(|| (0..200).for_each(|n| info!("request {n}")));
    });
    let marks = |text: &str| list.script().iter().filter(|line| line.ends_with(text)).count();
    assert_eq!((marks("mark INFO request 63"), marks("mark <other>")), (1, 136));
}

#[test]
fn an_event_that_names_its_parent_is_told_of_that() {
    check(
        || {
            traced(|| {
                let other = info_span!("other");
                let _here = info_span!("here").entered();
                error!(parent: &other, error = 7, "not here");
                info!(parent: None, n = 1, "nowhere");
            });
        },
        &[
            "1 start other",
            "1 start here",
            "1 enter here",
            "1 tag other error=7",
            "1 mark ERROR not here",
            "1 mark INFO nowhere",
            "1 exit here",
            "1 end here Ok",
            "1 end other Err",
            "1 thread end",
        ],
    );
}

#[test]
fn what_returns_while_its_thread_unwinds_has_not_panicked() {
    struct Closes;
    impl Drop for Closes {
        fn drop(&mut self) {
            info_span!("close").in_scope(|| drop(enter(&OURS)));
        }
    }
    let list = record(|| {
        traced(|| {
            let again = info_span!("again");
            let panics = || {
                let _again = again.enter();
                let _closes = Closes;
                std::panic::resume_unwind(Box::new(1));
            };
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(panics)).unwrap_err();
            // Left well at last.
            again.in_scope(|| drop(enter(&OURS)));
        });
    });
    let ends: Vec<_> = list.script().into_iter().filter(|line| line.contains(" end ")).collect();
    assert!(ends.contains(&"1 end close Ok".to_owned()), "{ends:#?}");
    assert!(ends.contains(&"1 end again Ok".to_owned()), "{ends:#?}");
}
