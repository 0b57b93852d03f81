//! Who has shown wrong tokens: after a few he is not heard for a while.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;
use tokio::time::Instant;

/// So many in [`WHILE`], and no more.
const GUESSES: u32 = 10;
const WHILE: Duration = Duration::from_mins(1);
/// Addresses that are remembered.
const ADDRESSES: usize = 1_024;

/// The wrong ones of late, by where they came from.
#[derive(Debug, Default)]
pub(super) struct Guesses(BTreeMap<IpAddr, (u32, Instant)>);

impl Guesses {
    /// Whether so many came from there that nothing from there is looked at.
    pub(super) fn is_guessing(&self, peer: IpAddr, now: Instant) -> bool {
        let found = self.0.get(&network(peer));
        found.is_some_and(|(count, since)| *count >= GUESSES && now.duration_since(*since) < WHILE)
    }

    /// One more came.
    pub(super) fn note(&mut self, peer: IpAddr, now: Instant) {
        let peer = network(peer);
        if self.0.len() >= ADDRESSES && !self.0.contains_key(&peer) {
            self.0.retain(|_, (_, since)| now.duration_since(*since) < WHILE);
            let oldest = self.0.iter().min_by_key(|(_, (_, since))| *since).map(|(peer, _)| *peer);
            if let Some(oldest) = oldest.filter(|_| self.0.len() >= ADDRESSES) {
                self.0.remove(&oldest);
            }
        }
        let (count, since) = self.0.entry(peer).or_insert((0, now));
        if now.duration_since(*since) >= WHILE {
            (*count, *since) = (0, now);
        }
        *count += 1;
    }
}

/// Whoever has one IPv6 address has 2^64 of them.
fn network(peer: IpAddr) -> IpAddr {
    match peer {
        IpAddr::V4(_) => peer,
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(address) => IpAddr::V4(address),
            None => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn who_guesses_is_not_heard_for_a_while() {
        let (mut guesses, now) = (Guesses::default(), Instant::now());
        let [peer, other] = ["10.0.0.1", "10.0.0.2"].map(|text| text.parse().unwrap());
        for _ in 0..GUESSES {
            assert!(!guesses.is_guessing(peer, now));
            guesses.note(peer, now);
        }
        assert!(guesses.is_guessing(peer, now) && !guesses.is_guessing(other, now));
        assert!(!guesses.is_guessing(peer, now + WHILE));
        guesses.note(peer, now + WHILE);
        assert!(!guesses.is_guessing(peer, now + WHILE));
    }

    #[test]
    fn a_network_is_one_and_so_many_are_remembered() {
        let (mut guesses, now) = (Guesses::default(), Instant::now());
        for last in 0..GUESSES {
            guesses.note(format!("2001:db8::{last}").parse().unwrap(), now);
        }
        assert!(guesses.is_guessing("2001:db8::ffff".parse().unwrap(), now));
        for address in 0..1_100 {
            guesses.note(Ipv4Addr::from_bits(address).into(), now);
        }
        assert_eq!(guesses.0.len(), ADDRESSES);
    }
}
