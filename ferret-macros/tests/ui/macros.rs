use ferret::{mark, span, tag};

fn main() {
    let n = 3;
    let _span = span!();
    let _span = span!("name", n + 1);
    tag!();
    tag!(n = );
    tag!(n m);
    mark!();
}
