//! Inputs for the stages' tests: an episode's metadata and a transcript, from a few words.

use crate::ids::{EpisodeId, FeedId};
use crate::stages::rss_feed_fetch::{Enclosure, Episode, Place};
use crate::stages::transcript_cleaning::{CleanTranscript, transcript_cleaning};
use crate::stages::transcription::{Segment, Transcript};
use crate::time::Millis;

/// An episode with this title and description and nothing else of interest.
pub(crate) fn episode(title: &str, description: &str) -> Episode {
    let feed = FeedId::of_source("test feed");
    Episode {
        id: EpisodeId::new(&feed, title),
        feed,
        feed_title: "Test feed".into(),
        feed_description: String::new(),
        guid: title.into(),
        title: title.into(),
        description: description.into(),
        published: None,
        credits: Vec::new(),
        enclosure: Enclosure { place: Place::File("a.wav".into()), media_type: None, bytes: None },
    }
}

/// A transcript of these segments, five seconds each.
pub(crate) fn transcript(segments: &[&str]) -> Transcript {
    let segment = |(at, text): (u64, &&str)| Segment {
        start: Millis(at * 5000),
        end: Millis(at * 5000 + 5000),
        text: (*text).to_owned(),
        confidence: 0.9,
    };
    Transcript { language: "en".into(), segments: (0..).zip(segments).map(segment).collect() }
}

/// The cleaned transcript of these segments.
pub(crate) fn clean(segments: &[&str]) -> CleanTranscript {
    transcript_cleaning(&transcript(segments))
}
