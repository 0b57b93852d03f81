//! Async functions: a span lasts from the first poll to the end, its polls are counted apart, and a
//! future that is dropped before its end is cancelled.
//!
//! ```text
//! ferret run -- target/debug/tasks
//! ferret analyze run.redb
//! ```

use ferret::profile;
use futures::channel::oneshot;
use futures::executor::block_on;
use futures::future::{self, Either};
use std::pin::pin;
use std::thread;
use std::time::Duration;

#[profile(tags(page))]
async fn fetch(page: u32) -> Result<usize, oneshot::Canceled> {
    let (reply, answer) = oneshot::channel();
    // Stands for a server: it answers from another thread, later, and page 3 never.
    let server = move || {
        thread::sleep(Duration::from_millis(20 * u64::from(page)));
        if page != 3 {
            // The answer may no longer be waited for.
            reply.send(format!("page {page}")).ok();
        }
    };
    thread::Builder::new().spawn(server).map_err(|_no_thread| oneshot::Canceled)?;
    let body = answer.await?;
    Ok(parse(&body))
}

#[profile]
fn parse(body: &str) -> usize {
    body.len()
}

#[profile]
async fn patience() {
    future::pending::<()>().await;
}

#[profile]
async fn crawl() -> usize {
    let fetched = pin!(future::join_all((1..=4).map(fetch)));
    // The one that loses is dropped, and so cancelled.
    match future::select(fetched, pin!(patience())).await {
        Either::Left((pages, _)) => pages.into_iter().filter_map(Result::ok).sum(),
        Either::Right(((), _)) => 0,
    }
}

fn main() {
    println!("{} letters", block_on(crawl()));
}
