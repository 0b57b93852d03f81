//! In this program's Cargo.toml ferret has another name, and there is nothing called `ferret`: every
//! annotation and macro finds its way all the same.
#![deny(warnings, clippy::all, clippy::pedantic)]

use futures::executor::block_on;
use std::future::{Future, ready};
use std::pin::Pin;
use weasel::Instrument;
use weasel::event::{LogEntry, Names};
use weasel::log::{ReadOptions, Tail};

#[weasel::profile(crate = weasel, stage, tags(n), err)]
fn call(n: u32) -> Result<u32, std::num::TryFromIntError> {
    let _span = weasel::span!("block", n);
    let _span = weasel::span!(name = format_args!("block {n}"), half = n / 2);
    weasel::tag!(n, text = %n);
    weasel::mark!("here");
    weasel::counter!(calls, 1);
    weasel::gauge!("level", n);
    weasel::progress(1, 2);
    u8::try_from(n).map(u32::from)
}

#[weasel::profile(crate = ::weasel, name = n)]
async fn future(n: u32) -> u32 {
    let here = weasel::current_span();
    let task = weasel::task!(parent: &here, "task", n);
    async { n }.instrument(task).in_current_span().await
}

#[weasel::profile(crate = weasel, none, tags(n))]
fn boxed(n: u32) -> Pin<Box<dyn Future<Output = Option<u32>> + Send>> {
    Box::pin(async move { n.checked_add(1) })
}

#[weasel::profile(crate = weasel)]
fn opaque(n: u32) -> impl Future<Output = u32> {
    ready(n)
}

/// By an import of the attribute, in a module that has it too.
#[weasel::profile(crate = weasel)]
mod module {
    use weasel::profile;

    pub(super) struct Type;

    impl Type {
        #[profile(crate = weasel, name = "a method")]
        pub(super) fn method(n: u32) -> u32 {
            n
        }

        pub(super) async fn future(n: u32) -> u32 {
            super::ready(n).await
        }
    }
}

fn program() {
    assert_eq!((call(3), call(300).is_err()), (Ok(3), true));
    assert_eq!((block_on(future(3)), block_on(boxed(3)), block_on(opaque(3))), (3, Some(4), 3));
    assert_eq!((module::Type::method(3), block_on(module::Type::future(3))), (3, 3));
}

/// The names of the spans in a log, each once, in order.
fn spans(tail: &mut Tail) -> Vec<String> {
    let mut paths = Vec::new();
    loop {
        let entries = tail.poll(1_000).expect("the log is whole");
        if entries.is_empty() {
            break;
        }
        for entry in entries {
            if let LogEntry::SpanStart { path, .. } | LogEntry::Created { path, .. } = entry.what {
                paths.push(path);
            }
        }
    }
    let names: &Names = tail.names();
    let mut spans: Vec<_> = paths.iter().map(|path| names.span_name(*path).to_owned()).collect();
    spans.sort();
    spans.dedup();
    spans
}

#[test]
fn a_program_that_gives_ferret_another_name_is_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let session = weasel::start(folder.path().join("run.redb")).unwrap();
    let log = session.path().to_owned();
    program();
    drop(session);
    let mut tail = Tail::open(&log, &ReadOptions::default()).unwrap();
    let expected = [
        "3",
        "Type::future",
        "a method",
        "block",
        "block 3",
        "block 300",
        "boxed",
        "call",
        "opaque",
        "task",
    ];
    assert_eq!(spans(&mut tail), expected);
}
