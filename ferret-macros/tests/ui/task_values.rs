//! What is no name, no tag, no parent or no span of a task is told where it stands.
use ferret::{Instrument, counter, current_span, gauge, mark, profile, progress, task};
use std::future::ready;

struct Opaque;

#[profile]
fn makes() {}

fn names(computed: &'static str) {
    let _task = task!(name = "a task has a fixed name");
    let _task = task!(computed);
    let _task = task!(3);
    mark!(computed);
    mark!(3);
}

fn tags(opaque: Opaque) {
    let _task = task!("name", opaque);
    let _task = task!("name", key = %opaque);
    let _task = task!("name", user);
    counter!("opaque", opaque);
    gauge!(opaque, opaque);
}

fn parents() {
    let here = current_span();
    let _task = task!(parent: here, "moved");
    let _task = task!(parent: &makes(), "no span");
    let _task = task!(parent: Some(&here), "no option");
}

fn instrumented() {
    let _future = ready(3).instrument("name");
    let _future = ready(3).instrument(ferret::span!("name"));
    let _future = ready(3).instrument();
    let _future = ready(3).try_instrument(task!("no result"));
    let _future = ready(3).in_span(task!("no reference"));
    let _future = ready(3).in_current_span("name");
}

fn progresses() {
    progress(3);
    progress("3", 10);
}

fn main() {}
