//! How tasks are written, and marks and numbers beside them.
use ferret::{counter, current_span, gauge, mark, task};

fn main() {
    let here = current_span();
    let _task = task!();
    let _task = task!("name", 3);
    let _task = task!("name" id = 3);
    let _task = task!(parent: &here);
    let _task = task!(parent = &here, "with a colon");
    let _task = task!("the other way round", parent: &here);
    counter!("a".len(), 3);
    gauge!(concat!("a", "b"), 3);
    mark!("text", here);
}
