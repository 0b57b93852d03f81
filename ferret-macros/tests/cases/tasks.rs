//! What a program writes besides the attribute: tasks, spans kept for elsewhere, numbers, progress.

use ferret::{
    Instrument, SpanRef, TaskSpan, counter, current_span, gauge, mark, profile, progress,
};
use ferret::{span, tag, task};
use futures::executor::block_on;
use futures::future::{join_all, ready};
use futures::stream::{self, StreamExt};
use std::cell::Cell;
use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

const NAME: &str = "named by a constant";

#[profile]
async fn in_all_ways(n: u32, text: &str) -> u32 {
    let path = std::path::Path::new(text);
    let some = Some(n);
    let plain = async { n }.instrument(task!("plain")).await;
    let comma = async { n }.instrument(task!("with a comma",)).await;
    let constant = async { n }.instrument(task!(NAME)).await;
    let tags = task!("tagged", n, text, some, %text, ?path, key = n + 1, "a.key" = %path.display(), debug = ?some);
    let tagged = async { n }.instrument(tags).await;
    let of_another_file = ready(n).instrument(task!(concat!("a", "b"), key = n,)).await;
    plain + comma + constant + tagged + of_another_file
}

#[profile]
async fn under(n: u32) -> u32 {
    let here = current_span();
    let again = here.clone();
    let mut sum = ready(n).instrument(task!(parent: &here, "under it")).await;
    sum += ready(n).instrument(task!(parent: &again, "under it too", n, key = %n,)).await;
    sum += ready(n).instrument(task!(parent: None, "under none")).await;
    sum += ready(n).instrument(task!(parent: None, "under none", n,)).await;
    sum += ready(n).instrument(task!(parent: &current_span(), "of a temporary")).await;
    sum += ready(n).in_span(here).await;
    sum + ready(n).in_current_span().await
}

/// The error is not `Display`, nor need it be.
struct Failure(u32);

#[profile]
async fn fails(n: u32) -> Result<u32, Failure> {
    let checked = async { if n > 3 { Err(Failure(n)) } else { Ok(n) } };
    let n = checked.try_instrument(task!("checked", n)).await?;
    async move { Ok::<_, Failure>(n + 1) }.try_instrument(task!(parent: None, "more")).await
}

/// What is wrapped may borrow, and need be neither `Send` nor `'static`.
async fn borrows(text: &str, seen: Rc<Cell<usize>>) -> usize {
    let length = async {
        ready(()).await;
        seen.set(text.len());
        text.len()
    };
    length.in_current_span().instrument(task!("borrows", text)).await
}

#[profile]
async fn streams(n: u32) -> (u32, usize) {
    let sum =
        stream::iter(0..n).instrument(task!("numbers", n)).fold(0, |a, b| async move { a + b });
    (sum.await, stream::iter(0..n).in_current_span().count().await)
}

#[profile]
fn boxes<'a>(text: &'a str) -> Pin<Box<dyn Future<Output = usize> + Send + 'a>> {
    Box::pin(ready(text.len()).instrument(task!("boxed", text)))
}

/// Kept in a structure, and polled later.
struct Job<F> {
    made_in: SpanRef,
    future: ferret::Instrumented<F>,
}

fn job<T: Display>(value: T) -> Job<impl Future<Output = String> + use<T>> {
    let future = async move { value.to_string() }.instrument(task!("job"));
    Job { made_in: current_span(), future }
}

async fn runs<F: Future<Output = String>>(job: Job<F>) -> String {
    job.future.in_span(job.made_in).await
}

#[profile]
fn by_hand() -> u32 {
    let mut span: TaskSpan = task!("by hand", turn = 0);
    let n = {
        let _entered = span.enter();
        1
    };
    drop(span);
    n
}

#[profile(stage)]
fn numbers(lines: &[&str], level: f32) -> usize {
    let mut bytes = 0_usize;
    for (done, line) in lines.iter().enumerate() {
        bytes += line.len();
        counter!("bytes read", line.len());
        counter!(lines, 1,);
        counter!(lines, &1_u8);
        progress(done as u64 + 1, lines.len() as u64);
    }
    gauge!("level", level);
    gauge!(level, -level,);
    mark!("all read");
    mark!(NAME,);
    tag!(bytes, level, first = lines.first().copied());
    // In a branch, and as the value of one.
    if bytes > 3 {
        counter!("large", 1);
    } else {
        gauge!("small", bytes);
    }
    match bytes {
        0 => mark!("empty"),
        _ => tag!(bytes),
    }
    bytes
}

macro_rules! in_a_macro {
    ($name:expr, $value:ident) => {{
        let _span = span!($name, $value);
        counter!($name, $value);
        gauge!($value, $value);
        ready($value).instrument(task!(parent: None, $name, $value, key = $value))
    }};
}

#[test]
fn tasks_give_what_they_would() {
    assert_eq!(block_on(in_all_ways(3, "a")), 15);
    assert_eq!(block_on(under(2)), 14);
    assert_eq!(block_on(fails(3)).map_err(|failure| failure.0), Ok(4));
    assert_eq!(block_on(fails(4)).map_err(|failure| failure.0), Err(4));
    let seen = Rc::new(Cell::new(0));
    assert_eq!((block_on(borrows("abc", Rc::clone(&seen))), seen.get()), (3, 3));
    assert_eq!(block_on(streams(4)), (6, 4));
    assert_eq!(block_on(boxes("abc")), 3);
    assert_eq!(block_on(join_all([runs(job(3)), runs(job(4))])), ["3", "4"]);
    assert_eq!(by_hand(), 1);
}

#[test]
fn numbers_are_taken_of_every_type() {
    assert_eq!((numbers(&["a", "bcd"], 0.5), numbers(&[], 1.0)), (4, 0));
    let n = 3_i64;
    assert_eq!(block_on(in_a_macro!("in a macro", n)), 3);
}

/// Compiling it is the test.
#[test]
fn tasks_stay_send() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    let (span, here) = (is_send(task!("sent")), is_send(current_span()));
    let future = is_send(ready(1).instrument(span).in_span(here));
    let other = is_send(ready(Err::<u32, u32>(2)).try_instrument(task!("sent too")));
    assert_eq!((block_on(future), block_on(other.in_current_span())), (1, Err(2)));
    drop(is_send(stream::empty::<u32>().instrument(task!("a stream"))));
}
