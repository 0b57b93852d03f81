//! Why a stage could not do its work. Every message says what to do about it, since it is all that a user sees.

use std::path::PathBuf;

use crate::audio::AudioError;
use crate::embed::EmbedError;
use crate::http::HttpError;
use crate::index::IndexError;
use crate::models::ModelError;
use crate::stage::Stage;
use crate::store::StoreError;

/// The failure of one stage on one feed or episode.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// Something could not be kept or found again.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The network.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The audio.
    #[error(transparent)]
    Audio(#[from] AudioError),
    /// A model.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The embedding of texts.
    #[error(transparent)]
    Embed(#[from] EmbedError),
    /// The index.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// What was read is no feed.
    #[error(
        "{source_name} is not a feed that can be read ({why}): give the address or file of an RSS or Atom feed"
    )]
    NotAFeed {
        /// Where it was read from.
        source_name: String,
        /// What the parser said.
        why: String,
    },
    /// A file that does not exist or cannot be read.
    #[error("{} cannot be read ({source}): check the path", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file over the limit.
    #[error(
        "{what} is larger than the limit of {limit_bytes} bytes: for audio, raise --max-media-mb if you trust it"
    )]
    TooLarge {
        /// What is too large.
        what: String,
        /// The limit.
        limit_bytes: u64,
    },
    /// The whisper model failed on a window of audio.
    #[error("the speech model failed on the audio at {at}: {why}")]
    Inference {
        /// Where in the episode.
        at: crate::time::Millis,
        /// What the model said.
        why: String,
    },
    /// An earlier stage's artifact is needed and is not there.
    #[error(
        "there is no artifact of {missing}: run again with --from-stage {missing} or an earlier one"
    )]
    NothingToStartFrom {
        /// The stage that would have made it.
        missing: Stage,
    },
    /// Something that always can be written as JSON could not.
    #[error("encoding the output: {0}")]
    Encode(#[from] serde_json::Error),
    /// The user asked to stop. Not a failure: the episode is parked.
    #[error("stopped before it was finished")]
    Interrupted,
}
