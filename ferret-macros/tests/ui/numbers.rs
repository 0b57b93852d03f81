use ferret::{counter, gauge};

fn main() {
    let n = 3;
    counter!(n);
    counter!("bytes read");
    counter!("bytes read", "many");
    counter!(bytes = n);
    gauge!("queue");
    gauge!("queue", Some(n));
    gauge!(3, n);
}
