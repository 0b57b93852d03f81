//! Stage `audio_preprocessing`: any audio file as mono at 16 kHz with the silence cut out.
//!
//! Leaves to others: the words. What it cut it remembers, so that later stages name times of the episode as published.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::audio::decode::{Decoding, Piece};
use crate::audio::resample::ToSpeechRate;
use crate::audio::speech::{Stretch, cut, stretches, voice_scores};
use crate::audio::{AudioError, SPEECH_RATE_HZ, wav};
use crate::error::StageError;
use crate::interrupt::Interrupt;
use crate::time::Millis;

/// The longest audio that is taken: 12 hours are 1.4 GB while they are cut.
const HOURS_MAX: u64 = 12;
/// Decoding, finding speech, writing it.
const STEPS: u64 = 3;
/// The cut audio's file in the episode's folder.
pub const SPEECH_FILE: &str = "speech.wav";

/// Speech, and where in the episode it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Speech {
    /// Its file's name in the episode's folder: mono, 16 bits, 16 kHz.
    pub file: String,
    /// How long the episode is.
    pub source_duration: Millis,
    /// How long the speech in it is.
    pub speech_duration: Millis,
    /// Which parts were kept.
    pub stretches: Vec<Stretch>,
}

/// Turn the audio at `media` into speech in `folder`.
///
/// # Errors
/// When it does not decode or cannot be written.
#[ferret::profile(stage)]
pub fn audio_preprocessing(
    media: &Path,
    folder: &Path,
    interrupt: &Interrupt,
) -> Result<Speech, StageError> {
    let samples = match decode(media, interrupt) {
        Err(AudioError::Interrupted) => return Err(StageError::Interrupted),
        other => other?,
    };
    ferret::progress(1, STEPS);
    let kept = find_speech(&samples);
    ferret::progress(2, STEPS);
    let speech = cut(&samples, &kept);
    write_speech(&folder.join(SPEECH_FILE), &speech)?;
    ferret::progress(STEPS, STEPS);
    Ok(Speech {
        file: SPEECH_FILE.to_owned(),
        source_duration: Millis::of_sample(samples.len(), SPEECH_RATE_HZ),
        speech_duration: Millis::of_sample(speech.len(), SPEECH_RATE_HZ),
        stretches: kept,
    })
}

/// All of the file as mono samples at 16 kHz.
#[ferret::profile]
fn decode(media: &Path, interrupt: &Interrupt) -> Result<Vec<i16>, AudioError> {
    let limit = usize::try_from(HOURS_MAX * 3600 * u64::from(SPEECH_RATE_HZ)).unwrap_or(usize::MAX);
    let (mut decoding, mut piece, mut samples) =
        (Decoding::open(media)?, Piece::default(), Vec::new());
    let mut resampler: Option<ToSpeechRate> = None;
    // A tenth of a minute a block, so that a profile shows decoding and resampling rather than a million packets.
    let mut block = Vec::new();
    let mut more = true;
    while more {
        if interrupt.requested() {
            return Err(AudioError::Interrupted);
        }
        more = decode_block(&mut decoding, &mut piece, &mut block)?;
        let to = match &mut resampler {
            Some(to) => to,
            None => resampler.insert(ToSpeechRate::new(piece.rate_hz)?),
        };
        resample_block(to, &block, &mut samples)?;
        if samples.len() > limit {
            return Err(AudioError::TooLong { path: media.to_owned(), limit_hours: HOURS_MAX });
        }
    }
    if let Some(to) = resampler {
        to.finish(&mut samples)?;
    }
    Ok(samples)
}

/// The next six seconds or so into `block`; false where the file ends with it.
#[ferret::profile]
fn decode_block(
    decoding: &mut Decoding,
    piece: &mut Piece,
    block: &mut Vec<f32>,
) -> Result<bool, AudioError> {
    block.clear();
    while block.len() < piece.rate_hz.max(8000) as usize * 6 {
        if !decoding.next_piece(piece)? {
            return Ok(false);
        }
        block.extend_from_slice(&piece.samples);
    }
    Ok(true)
}

#[ferret::profile]
fn resample_block(
    to: &mut ToSpeechRate,
    block: &[f32],
    samples: &mut Vec<i16>,
) -> Result<(), AudioError> {
    to.push(block, samples)
}

/// Where somebody speaks.
#[ferret::profile]
fn find_speech(samples: &[i16]) -> Vec<Stretch> {
    stretches(&voice_scores(samples), samples.len())
}

#[ferret::profile]
fn write_speech(path: &Path, speech: &[i16]) -> Result<(), StageError> {
    Ok(wav::write(path, SPEECH_RATE_HZ, speech)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn preprocess(rate_hz: u32, samples: &[i16]) -> Speech {
        let folder = tempfile::tempdir().unwrap();
        let media = folder.path().join("media.wav");
        wav::write(&media, rate_hz, samples).unwrap();
        let speech = audio_preprocessing(&media, folder.path(), &Interrupt::default()).unwrap();
        let kept = wav::read(&folder.path().join(&speech.file)).unwrap();
        assert_eq!(Millis::of_sample(kept.len(), SPEECH_RATE_HZ), speech.speech_duration);
        speech
    }

    #[test]
    fn silence_leaves_no_speech_but_a_duration() {
        let speech = preprocess(44_100, &vec![0; 44_100 * 3]);
        assert_eq!(speech.source_duration, Millis(3000));
        assert_eq!(speech.stretches, []);
    }

    #[test]
    fn audio_that_does_not_decode_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let media = folder.path().join("media.mp3");
        std::fs::write(&media, "no sound").unwrap();
        audio_preprocessing(&media, folder.path(), &Interrupt::default()).unwrap_err();
        assert!(!folder.path().join(SPEECH_FILE).exists());
    }

    #[test]
    fn a_wish_to_stop_parks_the_work() {
        let folder = tempfile::tempdir().unwrap();
        let media = folder.path().join("media.wav");
        wav::write(&media, 8000, &[0; 8000]).unwrap();
        let interrupt = Interrupt::default();
        interrupt.request();
        let stopped = audio_preprocessing(&media, folder.path(), &interrupt);
        assert!(matches!(stopped, Err(StageError::Interrupted)));
    }
}
