//! What makes two sides hard to compare: other machines, other programs, parts that are missing.

use super::sides::SideRun;
use crate::analyze::Process;
use crate::format;
use std::collections::BTreeSet;

/// Sentences for people, the gravest first.
pub(super) fn notes(base: &[SideRun], head: &[SideRun]) -> Vec<String> {
    let mut notes = Vec::new();
    differ(
        &mut notes,
        base,
        head,
        "machines: the base ran on",
        "so the times need not compare",
        |process| process.host.as_str(),
    );
    differ(&mut notes, base, head, "programs: the base is of", "", |process| {
        process.exe.rsplit('/').next().unwrap_or_default()
    });
    for run in base.iter().chain(head) {
        of_run(&mut notes, run);
    }
    notes
}

fn differ(
    notes: &mut Vec<String>,
    base: &[SideRun],
    head: &[SideRun],
    what: &str,
    so: &str,
    of: fn(&Process) -> &str,
) {
    let all = |side: &[SideRun]| {
        let processes = side.iter().flat_map(|run| &run.analysis.processes);
        processes
            .map(of)
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect::<BTreeSet<_>>()
    };
    let (base, head) = (all(base), all(head));
    if base == head || base.is_empty() || head.is_empty() {
        return;
    }
    let list = |names: BTreeSet<String>| {
        let more = format::more(names.len().saturating_sub(3) as u64, "other");
        names.into_iter().take(3).chain(more).collect::<Vec<_>>().join(", ")
    };
    let so = if so.is_empty() { String::new() } else { format!(": {so}") };
    notes.push(format!(
        "different {what} {}, the head {} {}{so}",
        list(base),
        of_word(what),
        list(head)
    ));
}

fn of_word(what: &str) -> &'static str {
    if what.ends_with("on") { "on" } else { "of" }
}

fn of_run(notes: &mut Vec<String>, run: &SideRun) {
    let SideRun { source, analysis, .. } = run;
    let mut say = |what: String| notes.push(format!("{source}: {what}"));
    if analysis.functions.is_empty() {
        say("no function is in it".to_owned());
    }
    if analysis.run.dropped_spans > 0 {
        let dropped = format::count(analysis.run.dropped_spans);
        say(format!("{dropped} spans were not recorded, and are in no figure"));
    }
    if analysis.logs.iter().any(|log| log.partial) {
        say("part of the log is gone, and in no figure".to_owned());
    }
    let ended = |state: &str| analysis.processes.iter().any(|process| process.state == state);
    for (state, what) in
        [("running", "is still running"), ("crashed", "crashed"), ("failed", "failed")]
    {
        if ended(state) {
            say(format!("a process of it {what}"));
        }
    }
    let has_calls = analysis.functions.iter().any(|row| row.calls > 0);
    if has_calls && analysis.functions.iter().all(|row| row.histogram.is_none()) {
        say("it has no histograms, so no change of single calls can be told from chance".to_owned());
    }
    if analysis.tree.is_none() {
        say("it has no call tree: save one with `ferret analyze --tree --json`".to_owned());
    }
}
