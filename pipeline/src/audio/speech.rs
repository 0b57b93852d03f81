//! Where somebody speaks, and how places in the cut audio map back to the episode.

use earshot::Detector;
use serde::{Deserialize, Serialize};

use super::SPEECH_RATE_HZ;
use crate::time::Millis;

/// The detector's frame: 16 ms.
const FRAME: usize = 256;
/// Above this score a frame is speech; the value that the detector's makers recommend.
const SPEECH_SCORE: f32 = 0.5;
/// What is kept before and after speech, so that no soft consonant is lost: 0.2 s.
const MARGIN: usize = SPEECH_RATE_HZ as usize / 5;
/// Pauses shorter than this stay, since they carry the rhythm that the speech model knows: 0.6 s.
const PAUSE_MIN: usize = SPEECH_RATE_HZ as usize * 6 / 10;

/// A stretch of speech: samples `start..end` of the decoded audio, which follow `kept` samples in the cut audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    /// First sample in the decoded audio.
    pub start: usize,
    /// One past the last.
    pub end: usize,
    /// Where it begins in the cut audio.
    pub kept: usize,
}

impl Stretch {
    /// How many samples it has.
    pub fn samples(&self) -> usize {
        self.end - self.start
    }
}

/// The scores of the voice detector, one for each 16 ms of `samples`.
pub fn voice_scores(samples: &[i16]) -> Vec<f32> {
    let mut detector = Detector::default_boxed();
    let mut last = [0; FRAME];
    samples
        .chunks(FRAME)
        .map(|frame| {
            if frame.len() == FRAME {
                return detector.predict_i16(frame);
            }
            last[..frame.len()].copy_from_slice(frame);
            detector.predict_i16(&last)
        })
        .collect()
}

/// The stretches of speech in audio of `samples` samples that was given `scores`, in order, with margins, never overlapping.
pub fn stretches(scores: &[f32], samples: usize) -> Vec<Stretch> {
    let mut found: Vec<Stretch> = Vec::new();
    for (at, _) in scores.iter().enumerate().filter(|(_, score)| **score >= SPEECH_SCORE) {
        let start = (at * FRAME).saturating_sub(MARGIN);
        let end = ((at + 1) * FRAME + MARGIN).min(samples);
        match found.last_mut() {
            Some(last) if start < last.end + PAUSE_MIN => last.end = end,
            _ => found.push(Stretch { start, end, kept: 0 }),
        }
    }
    let mut kept = 0;
    for stretch in &mut found {
        stretch.kept = kept;
        kept += stretch.samples();
    }
    found
}

/// The samples of `stretches`, one after the other.
pub fn cut(samples: &[i16], stretches: &[Stretch]) -> Vec<i16> {
    stretches.iter().flat_map(|s| &samples[s.start..s.end]).copied().collect()
}

/// When sample `at` of the cut audio was spoken in the episode.
pub fn source_time(stretches: &[Stretch], at: usize) -> Millis {
    let after = stretches.partition_point(|s| s.kept <= at);
    let sample = match after.checked_sub(1).map(|i| stretches[i]) {
        Some(stretch) => stretch.start + (at - stretch.kept).min(stretch.samples()),
        None => at,
    };
    Millis::of_sample(sample, SPEECH_RATE_HZ)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: usize = SPEECH_RATE_HZ as usize;

    /// Scores for seconds of speech (`s`) and of silence (`.`).
    fn of(pattern: &str) -> Vec<Stretch> {
        let frames = SECOND.div_ceil(FRAME);
        let scores: Vec<f32> =
            pattern.chars().flat_map(|c| vec![if c == 's' { 0.9 } else { 0.1 }; frames]).collect();
        stretches(&scores, scores.len() * FRAME)
    }

    #[test]
    fn silence_is_cut_and_speech_keeps_a_margin() {
        let found = of("..ss....s");
        assert_eq!(found.len(), 2);
        assert!(found[0].start < 2 * SECOND + FRAME && found[0].start > SECOND, "{found:?}");
        assert_eq!(found[1].kept, found[0].samples());
    }

    #[test]
    fn no_speech_is_no_stretch() {
        assert_eq!(of("...."), []);
        assert_eq!(stretches(&[], 0), []);
    }

    #[test]
    fn stretches_never_overlap_and_stay_inside() {
        let found = of("s.s..s...s");
        assert!(found.windows(2).all(|w| w[0].end <= w[1].start), "{found:?}");
        assert_eq!(found[0].start, 0);
    }

    #[test]
    fn a_place_in_the_cut_audio_is_found_in_the_episode() {
        let found = [
            Stretch { start: SECOND, end: 2 * SECOND, kept: 0 },
            Stretch { start: 9 * SECOND, end: 10 * SECOND, kept: SECOND },
        ];
        assert_eq!(source_time(&found, 0), Millis(1000));
        assert_eq!(source_time(&found, SECOND / 2), Millis(1500));
        assert_eq!(source_time(&found, SECOND), Millis(9000));
        assert_eq!(source_time(&found, 9 * SECOND), Millis(10_000));
        assert_eq!(source_time(&[], 0), Millis(0));
    }

    #[test]
    fn digital_silence_is_no_speech() {
        assert!(voice_scores(&vec![0; SECOND]).iter().all(|s| *s < SPEECH_SCORE));
    }
}
