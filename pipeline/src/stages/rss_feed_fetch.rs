//! Stage `rss_feed_fetch`: an RSS or Atom feed, from an address or a file, as the episodes it offers.
//!
//! Leaves to others: who speaks (`speaker_detection`) and the audio itself (`media_download`).

use std::cmp::Reverse;
use std::fs;
use std::path::{Path, PathBuf};

use feed_rs::model::{Entry, Link, MediaContent, Text};
use feed_rs::parser;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::StageError;
use crate::http::Fetcher;
use crate::ids::{Digest, EpisodeId, FeedId};
use crate::text::html::plain_text;

/// The largest feed that is read. The longest-running podcasts have feeds of a few megabytes.
const FEED_LIMIT_BYTES: u64 = 64 << 20;

/// A feed as read.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Feed {
    /// Its identity.
    pub id: FeedId,
    /// Where it was read from.
    pub source: String,
    /// Its title.
    pub title: String,
    /// Its description, without markup.
    pub description: String,
    /// Its episodes, newest first where the feed says when they are from.
    pub episodes: Vec<Episode>,
}

/// An episode as the feed describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Episode {
    /// Its identity.
    pub id: EpisodeId,
    /// The feed it is from.
    pub feed: FeedId,
    /// The feed's title.
    pub feed_title: String,
    /// The feed's description, without markup.
    pub feed_description: String,
    /// What the publisher calls it for ever.
    pub guid: String,
    /// Its title.
    pub title: String,
    /// Its description, without markup.
    pub description: String,
    /// When it was published, where the feed says so.
    pub published: Option<Timestamp>,
    /// Whom the feed names, and as what.
    pub credits: Vec<Credit>,
    /// Its audio.
    pub enclosure: Enclosure,
}

/// A person that the feed names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credit {
    /// The name as written.
    pub name: String,
    /// As what: `author`, `owner`, or a role of `podcast:person` such as `Host`.
    pub role: String,
    /// Whether this episode names the person, or the whole feed does.
    pub of_episode: bool,
}

/// The audio of an episode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enclosure {
    /// Where it is.
    pub place: Place,
    /// What the feed says its type is.
    pub media_type: Option<String>,
    /// What the feed says its size is; many feeds are wrong.
    pub bytes: Option<u64>,
}

/// Where something is read from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// An http or https address.
    Url(String),
    /// A file.
    File(PathBuf),
}

impl Place {
    /// What a user means by `text`: an address where it begins like one, else a path.
    pub fn of_argument(text: &str) -> Self {
        if text.starts_with("http://") || text.starts_with("https://") {
            Self::Url(text.to_owned())
        } else {
            Self::File(PathBuf::from(text.strip_prefix("file://").unwrap_or(text)))
        }
    }
}

/// A feed, and what in it could not be used.
#[derive(Debug)]
pub struct Fetched {
    /// The feed.
    pub feed: Feed,
    /// One sentence for each entry that was left out.
    pub left_out: Vec<String>,
}

/// Read the feed at `place`.
///
/// # Errors
/// When nothing can be read there, or it is no feed.
#[ferret::profile(stage)]
pub fn rss_feed_fetch(place: &Place, fetcher: &Fetcher) -> Result<Fetched, StageError> {
    match place {
        Place::Url(url) => {
            let bytes = fetcher.get(url, FEED_LIMIT_BYTES)?;
            parse_feed(&bytes, url, url, Origin::Network)
        }
        Place::File(path) => {
            let (bytes, path) = read_file(path)?;
            let source = path.display().to_string();
            // Relative enclosures are relative to the feed's folder.
            parse_feed(&bytes, &source, &format!("file://{source}"), Origin::Disk)
        }
    }
}

/// Whether a feed came over the network. Such a feed may not name files of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Network,
    Disk,
}

#[ferret::profile]
fn read_file(path: &Path) -> Result<(Vec<u8>, PathBuf), StageError> {
    let unreadable = |source| StageError::Unreadable { path: path.to_owned(), source };
    let path = fs::canonicalize(path).map_err(unreadable)?;
    if fs::metadata(&path).map_err(unreadable)?.len() > FEED_LIMIT_BYTES {
        return Err(StageError::TooLarge {
            what: path.display().to_string(),
            limit_bytes: FEED_LIMIT_BYTES,
        });
    }
    Ok((fs::read(&path).map_err(unreadable)?, path))
}

/// The feed written in `bytes`, read from `source`, its relative addresses relative to `base`.
#[ferret::profile]
fn parse_feed(
    bytes: &[u8],
    source: &str,
    base: &str,
    origin: Origin,
) -> Result<Fetched, StageError> {
    let parser = parser::Builder::new()
        .base_uri(Some(base))
        // The default invents a random id for an entry without one: it would be a new episode at every run.
        .id_generator(stable_id)
        .build();
    let raw = parser.parse(bytes).map_err(|e| StageError::NotAFeed {
        source_name: source.to_owned(),
        why: e.to_string().to_lowercase(),
    })?;

    let of_text = |text: Option<&Text>| text.map(|t| plain_text(&t.content)).unwrap_or_default();
    let id = FeedId::of_source(source);
    let mut feed = Feed {
        id,
        source: source.to_owned(),
        title: of_text(raw.title.as_ref()),
        description: of_text(raw.description.as_ref()),
        episodes: Vec::new(),
    };
    if feed.title.is_empty() {
        source.clone_into(&mut feed.title);
    }
    let persons = raw.authors.iter().chain(&raw.contributors);
    let credits: Vec<Credit> = persons
        .filter_map(|p| {
            Some((p.name.clone()?, p.role.clone().unwrap_or_else(|| "author".to_owned())))
        })
        .chain(raw.people.iter().map(|p| (p.name.clone(), format!("{:?}", p.role))))
        .map(|(name, role)| Credit { name, role, of_episode: false })
        .collect();

    let mut left_out = Vec::new();
    for entry in &raw.entries {
        match episode_of(entry, &feed, &credits, origin) {
            Ok(episode) => feed.episodes.push(episode),
            Err(why) => left_out.push(why),
        }
    }
    feed.episodes.sort_by_key(|e| Reverse(e.published));
    Ok(Fetched { feed, left_out })
}

#[expect(clippy::ref_option, reason = "the signature that feed-rs asks for")]
fn stable_id(links: &[Link], title: &Option<Text>, _: Option<&str>) -> String {
    let title = title.as_ref().map_or("", |t| t.content.as_str());
    let link = links.first().map_or("", |l| l.href.as_str());
    Digest::of_parts(&[title, link]).to_string()
}

fn episode_of(
    entry: &Entry,
    feed: &Feed,
    credits: &[Credit],
    origin: Origin,
) -> Result<Episode, String> {
    let title = entry.title.as_ref().map_or_else(|| entry.id.clone(), |t| plain_text(&t.content));
    let enclosure =
        enclosure_of(entry, origin).map_err(|why| format!("\"{title}\" is left out: {why}"))?;

    let summary = entry.summary.as_ref().map(|t| plain_text(&t.content)).unwrap_or_default();
    let content =
        entry.content.as_ref().and_then(|c| c.body.as_deref()).map(plain_text).unwrap_or_default();
    let described =
        entry.media.iter().filter_map(|m| m.description.as_ref()).map(|t| plain_text(&t.content));
    // Feeds repeat themselves in several elements; the longest says most.
    let description =
        described.chain([summary, content]).max_by_key(String::len).unwrap_or_default();

    let mut own: Vec<Credit> = Vec::new();
    let media = &entry.media;
    let authors =
        entry.authors.iter().filter_map(|p| p.name.clone()).map(|n| (n, "author".to_owned()));
    let itunes =
        media.iter().flat_map(|m| &m.credits).map(|c| (c.entity.clone(), "author".to_owned()));
    let people =
        media.iter().flat_map(|m| &m.people).map(|p| (p.name.clone(), format!("{:?}", p.role)));
    for (name, role) in authors.chain(itunes).chain(people) {
        let credit = Credit { name, role, of_episode: true };
        if !own.contains(&credit) {
            own.push(credit);
        }
    }
    own.extend_from_slice(credits);

    let published = entry.published.or(entry.updated);
    Ok(Episode {
        id: EpisodeId::new(&feed.id, &entry.id),
        feed: feed.id.clone(),
        feed_title: feed.title.clone(),
        feed_description: feed.description.clone(),
        guid: entry.id.clone(),
        title,
        description,
        // A date outside jiff's years is no date worth having.
        published: published.and_then(|at| Timestamp::from_second(at.timestamp()).ok()),
        credits: own,
        enclosure,
    })
}

/// The entry's audio: its first enclosure that is audio by type, or whose type is not given.
fn enclosure_of(entry: &Entry, origin: Origin) -> Result<Enclosure, String> {
    let is_audio = |c: &&MediaContent| {
        c.content_type.as_ref().is_none_or(|t| t.ty() == "audio" || t.subty() == "ogg")
    };
    let of_media = entry.media.iter().flat_map(|m| &m.content).filter(is_audio).find_map(|c| {
        let media_type = c.content_type.as_ref().map(ToString::to_string);
        Some((c.url.as_ref()?.to_string(), media_type, c.size))
    });
    // Atom has them as links.
    let of_links = || {
        let link = entry.links.iter().find(|l| l.rel.as_deref() == Some("enclosure"))?;
        Some((link.href.clone(), link.media_type.clone(), link.length))
    };
    let (address, media_type, bytes) =
        of_media.or_else(of_links).ok_or("the feed gives no audio for it".to_owned())?;
    let place = if address.starts_with("http://") || address.starts_with("https://") {
        Place::Url(address)
    } else if let (Some(path), Origin::Disk) = (address.strip_prefix("file://"), origin) {
        Place::File(PathBuf::from(percent_decoded(path)))
    } else {
        return Err(format!("its audio is at {address}, which is not http or https"));
    };
    Ok(Enclosure { place, media_type, bytes })
}

/// `path` with `%20` and the like as the characters they stand for.
fn percent_decoded(path: &str) -> String {
    let (mut out, mut bytes) = (Vec::with_capacity(path.len()), path.bytes());
    while let Some(byte) = bytes.next() {
        let mut ahead = bytes.clone();
        let digits = (ahead.next(), ahead.next());
        match (byte, digits) {
            (b'%', (Some(high), Some(low)))
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                let value = |digit: u8| char::from(digit).to_digit(16).unwrap_or(0);
                out.push(u8::try_from(value(high) * 16 + value(low)).unwrap_or(b'?'));
                bytes = ahead;
            }
            _ => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests;
