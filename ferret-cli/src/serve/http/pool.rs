//! Threads for what takes a moment: so many at once, so many waiting, and no more.

use super::reply::{Reply, unavailable};
use crate::serve::serving::Refusal;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// Longer nobody waits for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A bound on work that waits or computes.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    /// A permit for each that runs or waits.
    places: Arc<Semaphore>,
    /// A permit for each that runs.
    running: Arc<Semaphore>,
}

impl Pool {
    /// So many at once, and so many that wait for these. All pools together have a thread for each that runs.
    pub(super) fn new(running: usize, waiting: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(running + waiting)),
            running: Arc::new(Semaphore::new(running)),
        }
    }

    /// Runs it on a thread of its own.
    ///
    /// # Errors
    ///
    /// What to answer instead: too many wait, or it took too long.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Reply> {
        let busy = || unavailable(&Refusal::Busy.to_string());
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else { return Err(busy()) };
        let in_turn = async {
            let turn = Arc::clone(&self.running).acquire_owned().await;
            // Both are held until the work is done, also if nobody waits for it any more.
            let work = move || {
                let (done, _held) = (work(), (place, turn));
                done
            };
            tokio::task::spawn_blocking(work).await
        };
        match timeout(PATIENCE, in_turn).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(_panicked)) => Err(Reply::failed("this could not be answered: it is a bug")),
            Err(_took_too_long) => Err(unavailable("the answer took too long: ask for less")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    fn check(test: impl Future<Output = ()>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(test);
    }

    #[test]
    fn beyond_those_that_run_and_wait_nobody_is_let_in() {
        check(async {
            let pool = Pool::new(1, 1);
            let (let_go, held) = channel::<()>();
            let first = tokio::spawn({
                let pool = pool.clone();
                async move { pool.run(move || held.recv().is_ok()).await.is_ok() }
            });
            let second = tokio::spawn({
                let pool = pool.clone();
                async move { pool.run(|| ()).await.is_ok() }
            });
            while pool.places.available_permits() > 0 {
                tokio::task::yield_now().await;
            }
            let refused = pool.run(|| ()).await.unwrap_err();
            assert_eq!(refused.status(), 503);
            let_go.send(()).unwrap();
            assert!(first.await.unwrap() && second.await.unwrap());
            assert!(pool.run(|| ()).await.is_ok());
        });
    }

    #[test]
    fn what_panics_is_no_end_of_the_server() {
        check(async {
            let pool = Pool::new(1, 0);
            let failed = pool.run(|| assert_eq!(1, 2, "as a test wants it")).await.unwrap_err();
            assert_eq!(failed.status(), 500);
            assert!(pool.run(|| ()).await.is_ok());
        });
    }
}
