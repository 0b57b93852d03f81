//! `short`: everything once, in a few seconds. It fails if something breaks, if spans are missing where
//! none may be, or if a span costs grossly more than the clock: not by how fast a machine is.

use crate::latency::Latency;
use crate::million::{Million, Ran};
use crate::recorder::Recorder;
use crate::report::Table;
use crate::span::{Measured, Span};
use crate::subjects::FLOOR;
use anyhow::{Context as _, ensure};

/// A recorded span may cost this many times two reads of the clock. It costs about once; a machine
/// that is busy with something else shall not fail for it.
const GROSS: f64 = 3.0;

/// The tables, and what is wrong.
pub(crate) fn run() -> anyhow::Result<(Vec<Table>, anyhow::Result<()>)> {
    let span =
        Span { rounds: 60, calls: 2_000, threads: vec![1, 2], only: vec![], compiled_out: None };
    let (mut tables, measured) = span.run()?;
    // Two events of 16 bytes each, in a buffer of 16 MiB.
    let spans = 400_000;
    let million = Million { spans, threads: vec![1, 2], rounds: 1, only: vec![] };
    let (million, ran) = million.run()?;
    tables.extend(million);
    tables.push(Recorder { spans, seconds: 1, rounds: 1 }.run()?);
    tables.push(Latency { probes: 100, log_mb: vec![0], load: vec![0, 100_000] }.run()?);
    Ok((tables, check_spans(&measured).and_then(|()| check_programs(&ran))))
}

/// Between the batches all is handed over, so nothing may be dropped.
fn check_spans(measured: &[Measured]) -> anyhow::Result<()> {
    let mut floor = None;
    for one in measured {
        if one.key == FLOOR {
            floor = Some(one.cpu_ns.median);
        }
        ensure!(one.dropped == 0, "{}: {} spans are dropped", one.key, one.dropped);
        if one.key == "profile" {
            let ratio = one.cpu_ns.median / floor.context("the floor was not measured")?;
            ensure!(ratio < GROSS, "a span costs {ratio:.2} times two reads of the clock");
        }
    }
    Ok(())
}

/// All that these programs make fits into the buffer: nothing may be dropped, however late the
/// recorder is, whether the program would wait for it or not.
fn check_programs(ran: &[Ran]) -> anyhow::Result<()> {
    for one in ran {
        let unaccounted = one.unaccounted().unwrap_or(0);
        ensure!(unaccounted == 0, "{}: {unaccounted} spans are unaccounted for", one.key);
        let lost = one.lost().unwrap_or(0);
        ensure!(!one.is_ferret() || lost == 0, "{}: {lost} spans are lost", one.key);
    }
    Ok(())
}
