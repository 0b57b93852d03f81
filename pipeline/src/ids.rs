//! The names things go by: feeds, episodes, and digests of content.
//!
//! An episode is identified by its feed and its guid, never by its title or its address, which publishers change.

use std::fmt;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

/// A feed: the digest of where it is read from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FeedId(String);

impl FeedId {
    /// The id of the feed read from `source`, an absolute path or an address.
    pub fn of_source(source: &str) -> Self {
        Self(format!("{:016x}", xxh3_64(source.as_bytes())))
    }
}

/// An episode of one feed. Fit for a folder's name: a readable part of the guid, then a digest of feed and guid.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EpisodeId(String);

impl EpisodeId {
    /// The id of the episode that `feed` knows as `guid`.
    pub fn new(feed: &FeedId, guid: &str) -> Self {
        let digest = Digest::of_parts(&[&feed.0, guid]);
        let slug = slug(guid, 40);
        let short = &digest.0[..8];
        if slug.is_empty() { Self(short.to_owned()) } else { Self(format!("{slug}-{short}")) }
    }
}

/// A digest of content, or of everything that decides an output. Only ever compared, so XXH3 is enough.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(format!("{:016x}", xxh3_64(bytes)))
    }

    /// The digest of several strings; their borders count, so `["ab", "c"]` and `["a", "bc"]` differ.
    pub fn of_parts(parts: &[&str]) -> Self {
        let mut hasher = Xxh3::new();
        for part in parts {
            hasher.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        Self::from_hash(hasher.digest())
    }

    /// The digest of `value` as JSON.
    ///
    /// # Errors
    /// When it has a form that JSON has not, such as a map with keys that are no strings.
    pub fn of_value(value: &impl Serialize) -> Result<Self, serde_json::Error> {
        Ok(Self::of(&serde_json::to_vec(value)?))
    }

    /// The digest whose XXH3 value is `hash`.
    pub fn from_hash(hash: u64) -> Self {
        Self(format!("{hash:016x}"))
    }

    /// The hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// `text` as lowercase ASCII letters, digits and single dashes, `max` characters at most.
fn slug(text: &str, max: usize) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_lowercase());
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
        if out.len() == max {
            break;
        }
    }
    out.trim_end_matches('-').to_owned()
}

macro_rules! shown_as_its_text {
    ($($name:ty),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    )*};
}

shown_as_its_text!(FeedId, EpisodeId, Digest);

#[cfg(test)]
mod tests {
    use super::*;

    fn check(guid: &str, starts: &str) {
        let id = EpisodeId::new(&FeedId::of_source("feed"), guid).to_string();
        assert!(id.starts_with(starts), "{id}");
        assert!(id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "{id}");
    }

    #[test]
    fn an_episode_id_is_readable_and_safe_as_a_folder_name() {
        check("tide-mill-2", "tide-mill-2-");
        check("https://example.org/?p=12", "https-example-org-p-12-");
        check("../../etc/passwd", "etc-passwd-");
        check("灯台", "");
    }

    #[test]
    fn the_same_guid_in_two_feeds_is_two_episodes() {
        let (a, b) = (FeedId::of_source("a"), FeedId::of_source("b"));
        assert_ne!(EpisodeId::new(&a, "1"), EpisodeId::new(&b, "1"));
    }

    #[test]
    fn a_digest_of_parts_sees_where_one_part_ends() {
        assert_ne!(Digest::of_parts(&["ab", "c"]), Digest::of_parts(&["a", "bc"]));
    }
}
