//! Documents that were just made: who asks the same at the same time gets the same. A hundred pages ask for one thing
//! within a second, and making it once is enough.

use super::reply::{Document, Reply};
use crate::serve::serving::Refusal;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;
use tokio::time::Instant;

/// How long one is as good as new: the stream tells no news more often than once a second.
const FRESH: Duration = Duration::from_millis(500);
/// Documents at most.
const MOST: usize = 32;

/// Those that are being made, and those that are fresh.
#[derive(Debug, Default)]
pub(super) struct Recent(Mutex<VecDeque<One>>);

/// What came of a question.
pub(super) type Made = Result<Document, Refusal>;

#[derive(Debug)]
struct One {
    question: String,
    cell: Arc<OnceCell<(Made, Instant)>>,
}

impl Recent {
    /// What was made of this question just now; or what `make` makes of it, once for all who wait.
    ///
    /// # Errors
    ///
    /// As `make` has it, which is then asked again by who waits.
    pub(super) async fn get(
        &self,
        question: String,
        make: impl AsyncFnOnce() -> Result<Made, Reply>,
    ) -> Result<Made, Reply> {
        let cell = self.cell(question);
        let made = cell.get_or_try_init(async || make().await.map(|made| (made, Instant::now())));
        made.await.map(|(made, _)| made.clone())
    }

    /// Something was changed by who asks: what he asks next must show it.
    pub(super) fn forget(&self) {
        self.0.lock().clear();
    }

    fn cell(&self, question: String) -> Arc<OnceCell<(Made, Instant)>> {
        let mut all = self.0.lock();
        all.retain(|one| one.cell.get().is_none_or(|(_, made)| made.elapsed() < FRESH));
        if let Some(one) = all.iter().find(|one| one.question == question) {
            return Arc::clone(&one.cell);
        }
        if all.len() == MOST {
            all.pop_front();
        }
        let cell = Arc::default();
        all.push_back(One { question, cell: Arc::clone(&cell) });
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::super::reply::{JSON, unavailable};
    use super::*;
    use std::cell::Cell;

    fn check(test: impl Future<Output = ()>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(test);
    }

    fn document() -> Document {
        Document::new(JSON, b"{}".to_vec(), false)
    }

    #[test]
    fn what_is_asked_at_once_is_made_once() {
        check(async {
            let (recent, made) = (Recent::default(), Cell::new(0));
            let ask = |question: &str| {
                recent.get(question.to_owned(), async || {
                    tokio::task::yield_now().await;
                    made.set(made.get() + 1);
                    Ok(Ok(document()))
                })
            };
            let (first, second, other) = tokio::join!(ask("a"), ask("a"), ask("b"));
            assert!(first.is_ok() && second.is_ok() && other.is_ok());
            assert_eq!(made.get(), 2);
            recent.forget();
            assert!(ask("a").await.is_ok());
            assert_eq!(made.get(), 3);
        });
    }

    #[test]
    fn what_could_not_be_made_is_asked_again_and_so_many_are_kept() {
        check(async {
            let recent = Recent::default();
            let refused = recent.get("a".to_owned(), async || Err(unavailable("not now"))).await;
            assert_eq!(refused.unwrap_err().status(), 503);
            assert!(recent.get("a".to_owned(), async || Ok(Ok(document()))).await.is_ok());
            for number in 0..2 * MOST {
                assert!(recent.get(number.to_string(), async || Ok(Ok(document()))).await.is_ok());
            }
            assert_eq!(recent.0.lock().len(), MOST);
        });
    }
}
