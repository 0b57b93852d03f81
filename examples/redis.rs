//! A program that was written with `tracing` and knows nothing of Ferret: mini-redis, as published.
//! One layer, and its spans, their fields and its events are in the log.
//!
//! It says where it listens, and serves until its input ends.
//!
//! ```text
//! ferret run -- target/debug/redis
//! ferret watch run.redb
//! ```

use std::error::Error;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Until standard input is closed.
async fn input_ends() {
    let mut input = tokio::io::stdin();
    while input.read(&mut [0; 64]).await.is_ok_and(|bytes| bytes > 0) {}
}

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    tracing_subscriber::registry().with(ferret::tracing_layer()).init();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    mini_redis::server::run(listener, input_ends()).await
}
