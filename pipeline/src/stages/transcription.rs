//! Stage `transcription`: speech to text with whisper.cpp, each segment with its place in the episode.
//!
//! Windows of less than 30 s, cut where nobody speaks: whisper always computes 30 s, so a window should be nearly full,
//! and one call for the whole episode could be neither stopped nor watched.

use serde::{Deserialize, Serialize};

use super::audio_preprocessing::Speech;
use crate::audio::SPEECH_RATE_HZ;
use crate::audio::speech::{Stretch, source_time};
use crate::error::StageError;
use crate::interrupt::Interrupt;
use crate::models::whisper::{Heard, Whisper};
use crate::time::Millis;

/// What was said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Transcript {
    /// Its language, as a two-letter code.
    pub language: String,
    /// In order of time.
    pub segments: Vec<Segment>,
}

/// A few words, as the model gave them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// When they begin in the episode.
    pub start: Millis,
    /// When they end.
    pub end: Millis,
    /// The words.
    pub text: String,
    /// The model's mean probability of their tokens, 0 to 1.
    pub confidence: f32,
}

const SECOND: usize = SPEECH_RATE_HZ as usize;
/// The longest window. Two seconds short of whisper's 30, since speech cut at its border confuses the model.
const WINDOW_MAX: usize = 28 * SECOND;
/// The shortest window that is ended at a pause, so that none is mostly padding.
const WINDOW_MIN: usize = 12 * SECOND;

/// The text of `samples`, the audio of `speech`.
///
/// # Errors
/// When the model fails, or the user asked to stop.
#[ferret::profile(stage)]
pub fn transcription(
    speech: &Speech,
    samples: &[i16],
    whisper: &mut Whisper,
    interrupt: &Interrupt,
) -> Result<Transcript, StageError> {
    let windows = windows(samples, &speech.stretches);
    let mut segments = Vec::new();
    for (window, number) in windows.iter().zip(1..) {
        if interrupt.requested() {
            return Err(StageError::Interrupted);
        }
        let at = source_time(&speech.stretches, window.start);
        let heard = transcribe_window(whisper, &samples[window.clone()], at)?;
        segments.extend(heard.into_iter().map(|h| placed(&h, window.start, &speech.stretches)));
        ferret::progress(number, windows.len() as u64);
    }
    Ok(Transcript { language: whisper.language().to_owned(), segments })
}

#[ferret::profile]
fn transcribe_window(
    whisper: &mut Whisper,
    samples: &[i16],
    at: Millis,
) -> Result<Vec<Heard>, StageError> {
    ferret::tag!(at_ms = at.0);
    whisper.hear(samples).map_err(|why| StageError::Inference { at, why })
}

/// What was heard in the window that begins at sample `window` of the cut audio, with its times in the episode.
fn placed(heard: &Heard, window: usize, stretches: &[Stretch]) -> Segment {
    let time = |ms: u64| {
        let sample = window + usize::try_from(ms).unwrap_or(usize::MAX / 1000) * SECOND / 1000;
        source_time(stretches, sample)
    };
    let start = time(heard.start_ms);
    Segment {
        start,
        end: time(heard.end_ms).max(start),
        text: heard.text.clone(),
        confidence: heard.confidence,
    }
}

/// The samples of `samples` cut into windows: at the last pause that makes a window of fitting length, else at the
/// quietest spot.
#[ferret::profile]
fn windows(samples: &[i16], stretches: &[Stretch]) -> Vec<std::ops::Range<usize>> {
    let (mut windows, mut start) = (Vec::new(), 0);
    while samples.len() - start > WINDOW_MAX {
        let fitting = start + WINDOW_MIN..=start + WINDOW_MAX;
        let pause = stretches.iter().map(|s| s.kept).rfind(|at| fitting.contains(at));
        let end =
            pause.unwrap_or_else(|| quietest(samples, start + 20 * SECOND, start + WINDOW_MAX));
        windows.push(start..end);
        start = end;
    }
    if start < samples.len() {
        windows.push(start..samples.len());
    }
    windows
}

/// The middle of the quietest tenth of a second in `samples[from..to]`.
fn quietest(samples: &[i16], from: usize, to: usize) -> usize {
    const TENTH: usize = SECOND / 10;
    let loudness = |at: &usize| {
        samples[*at..*at + TENTH].iter().map(|s| u64::from(s.unsigned_abs())).sum::<u64>()
    };
    let spots = (from..to - TENTH).step_by(TENTH / 2);
    spots.min_by_key(loudness).map_or(to, |at| at + TENTH / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(samples: &[i16], stretches: &[Stretch]) -> Vec<usize> {
        let windows = windows(samples, stretches);
        let joined = windows.windows(2).all(|w| w[0].end == w[1].start);
        assert!(joined && windows.last().is_none_or(|w| w.end == samples.len()), "{windows:?}");
        windows.iter().map(|w| w.len() / SECOND).collect()
    }

    fn stretches_of_seconds(seconds: &[usize]) -> Vec<Stretch> {
        let mut at = 0;
        let mut stretch = |length: &usize| {
            let stretch = Stretch { start: at * 2, end: at * 2 + length * SECOND, kept: at };
            at += length * SECOND;
            stretch
        };
        seconds.iter().map(&mut stretch).collect()
    }

    #[test]
    fn windows_end_at_the_last_pause_that_fits() {
        let stretches = stretches_of_seconds(&[10, 10, 5, 10, 10]);
        assert_eq!(lengths(&vec![0; 45 * SECOND], &stretches), [25, 20]);
    }

    #[test]
    fn a_speaker_who_never_pauses_is_cut_where_it_is_quietest() {
        let mut samples = vec![1000; 40 * SECOND];
        samples[25 * SECOND..25 * SECOND + SECOND / 2].fill(3);
        assert_eq!(lengths(&samples, &stretches_of_seconds(&[40])), [25, 14]);
    }

    #[test]
    fn short_audio_is_one_window_and_none_is_none() {
        assert_eq!(lengths(&vec![0; 3 * SECOND], &stretches_of_seconds(&[3])), [3]);
        assert_eq!(lengths(&[], &[]), [] as [usize; 0]);
    }

    #[test]
    fn heard_words_are_placed_in_the_episode_as_published() {
        let stretches = [Stretch { start: 60 * SECOND, end: 70 * SECOND, kept: 0 }];
        let heard = Heard { start_ms: 500, end_ms: 2000, text: "hello".into(), confidence: 0.5 };
        let segment = placed(&heard, SECOND, &stretches);
        assert_eq!((segment.start, segment.end), (Millis(61_500), Millis(63_000)));
    }
}
