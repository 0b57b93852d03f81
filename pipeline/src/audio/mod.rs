//! Audio from files to what speech recognition wants: mono, 16,000 samples a second, speech only.
//!
//! Two hours of stereo are 2.5 GB as samples at the source's rate, so nothing here holds them: decoding, mixing and
//! resampling go packet by packet, and what stays is 16-bit mono at 16 kHz (115 MB an hour).

pub mod decode;
pub mod resample;
pub mod speech;
pub mod wav;

use std::path::PathBuf;

/// The sample rate that the speech model wants.
pub const SPEECH_RATE_HZ: u32 = 16_000;

/// Why audio could not be used.
#[derive(Debug, thiserror::Error)]
pub enum AudioError {
    /// The file cannot be opened or read.
    #[error("{} cannot be read ({source}): check that the file is there", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The bytes are not audio in a known format.
    #[error("{} does not decode ({why}): it must be MP3, AAC, Vorbis, FLAC or WAV, and whole", path.display())]
    Undecodable {
        /// Which file.
        path: PathBuf,
        /// What the decoder said.
        why: String,
    },
    /// The rate cannot be converted.
    #[error(
        "audio at {rate_hz} samples a second cannot be resampled to 16 kHz ({why}): convert the file first"
    )]
    Rate {
        /// The file's rate.
        rate_hz: u32,
        /// What the resampler said.
        why: String,
    },
    /// Longer than is taken.
    #[error("{} is longer than {limit_hours} hours: cut it into parts", path.display())]
    TooLong {
        /// Which file.
        path: PathBuf,
        /// The limit.
        limit_hours: u64,
    },
    /// The user asked to stop.
    #[error("stopped while decoding")]
    Interrupted,
}
