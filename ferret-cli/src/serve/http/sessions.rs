//! Sessions: what a browser keeps instead of the token. A random number each, so many at most, for so long.

use rustix::rand::{GetRandomFlags, getrandom};
use std::collections::VecDeque;
use std::time::Duration;
use subtle::ConstantTimeEq as _;
use tokio::time::Instant;

/// How long one lasts.
pub(super) const LASTS: Duration = Duration::from_hours(12);
/// Beyond so many the oldest ends.
const MOST: usize = 64;

/// Those that go on, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Sessions(VecDeque<(String, Instant)>);

impl Sessions {
    /// Begins one: its name. None if the system gives no random numbers.
    pub(super) fn begin(&mut self, now: Instant) -> Option<String> {
        let mut random = [0_u8; 32];
        let got = getrandom(&mut random, GetRandomFlags::empty()).ok()?;
        let (high, low) = random.split_first_chunk::<16>()?;
        if got < random.len() {
            return None;
        }
        let low = low.first_chunk::<16>()?;
        let [high, low] = [high, low].map(|half| u128::from_ne_bytes(*half));
        let name = format!("{high:032x}{low:032x}");
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        self.0.push_back((name.clone(), now));
        Some(name)
    }

    /// Whether one of this name goes on.
    pub(super) fn has(&mut self, shown: &str, now: Instant) -> bool {
        self.0.retain(|(_, began)| now.duration_since(*began) < LASTS);
        // All are compared: which one it is cannot be timed either.
        let found = self.0.iter().map(|(name, _)| name.as_bytes().ct_eq(shown.as_bytes()));
        found.fold(subtle::Choice::from(0), |any, one| any | one).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_known_until_it_is_over() {
        let (mut sessions, now) = (Sessions::default(), Instant::now());
        let name = sessions.begin(now).unwrap();
        assert_eq!(name.len(), 64);
        assert!(sessions.has(&name, now));
        assert!(!sessions.has("", now));
        assert!(!sessions.has(&name[1..], now));
        assert!(!sessions.has(&name, now + LASTS));
        assert!(sessions.0.is_empty());
    }

    #[test]
    fn beyond_the_most_the_oldest_ends() {
        let (mut sessions, now) = (Sessions::default(), Instant::now());
        let names: Vec<_> = (0..=MOST).map(|_| sessions.begin(now).unwrap()).collect();
        assert!(!sessions.has(&names[0], now));
        assert!(names[1..].iter().all(|name| sessions.has(name, now)));
    }
}
