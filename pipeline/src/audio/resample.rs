//! Mono samples of any rate as 16-bit samples at 16 kHz, piece by piece.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Indexing, Resampler};

use super::{AudioError, SPEECH_RATE_HZ};

/// Input frames a step. Larger is sharper and slower to start; a sixteenth of a second suffices for speech.
const CHUNK_FRAMES: usize = 1024;

/// Turns samples of one rate into samples at 16 kHz.
pub struct ToSpeechRate {
    /// Nothing where the source is at 16 kHz already.
    resampler: Option<Fft<f32>>,
    rate_hz: u32,
    waiting: Vec<f32>,
    scratch: Vec<f32>,
    delay_left: usize,
    taken: u64,
    given: u64,
}

impl std::fmt::Debug for ToSpeechRate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ToSpeechRate")
            .field("rate_hz", &self.rate_hz)
            .field("taken", &self.taken)
            .finish_non_exhaustive()
    }
}

impl ToSpeechRate {
    /// For a source of `rate_hz`.
    ///
    /// # Errors
    /// When no resampler can be made for that rate.
    pub fn new(rate_hz: u32) -> Result<Self, AudioError> {
        let resampler = if rate_hz == SPEECH_RATE_HZ {
            None
        } else {
            let made = Fft::<f32>::new(
                rate_hz as usize,
                SPEECH_RATE_HZ as usize,
                CHUNK_FRAMES,
                1,
                FixedSync::Input,
            );
            Some(made.map_err(|e| AudioError::Rate { rate_hz, why: e.to_string() })?)
        };
        let scratch = vec![0.0; resampler.as_ref().map_or(0, Resampler::output_frames_max)];
        let delay_left = resampler.as_ref().map_or(0, Resampler::output_delay);
        Ok(Self {
            resampler,
            rate_hz,
            waiting: Vec::new(),
            scratch,
            delay_left,
            taken: 0,
            given: 0,
        })
    }

    /// Take `samples`, add what they become to `out`.
    ///
    /// # Errors
    /// When the resampler refuses, which it has no reason to.
    pub fn push(&mut self, samples: &[f32], out: &mut Vec<i16>) -> Result<(), AudioError> {
        self.taken += samples.len() as u64;
        let Some(resampler) = &self.resampler else {
            out.extend(samples.iter().copied().map(to_i16));
            return Ok(());
        };
        self.waiting.extend_from_slice(samples);
        let mut step = resampler.input_frames_next();
        let mut used = 0;
        while self.waiting.len() - used >= step {
            let made = self.step(used, None)?;
            self.give(made, usize::MAX, out);
            used += step;
            step = self.resampler.as_ref().map_or(step, Resampler::input_frames_next);
        }
        self.waiting.drain(..used);
        Ok(())
    }

    /// Add what is still inside to `out`, which then has exactly as many samples as the source's length asks for.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub fn finish(mut self, out: &mut Vec<i16>) -> Result<(), AudioError> {
        if self.resampler.is_none() {
            return Ok(());
        }
        let wanted =
            (self.taken * u64::from(SPEECH_RATE_HZ)).div_ceil(u64::from(self.rate_hz.max(1)));
        while self.given < wanted {
            let before = self.given + self.delay_left as u64;
            let made = self.step(0, Some(self.waiting.len()))?;
            self.waiting.clear();
            let room = usize::try_from(wanted - self.given).unwrap_or(usize::MAX);
            let delay_before = self.delay_left;
            self.give(made, room, out);
            // A step that gives nothing and eats no delay would go on for ever.
            if made == 0
                || (self.given + self.delay_left as u64 == before
                    && delay_before == self.delay_left)
            {
                break;
            }
        }
        Ok(())
    }

    /// One step of the resampler from `used` in the waiting samples into the scratch; how many samples it made.
    fn step(&mut self, used: usize, partial: Option<usize>) -> Result<usize, AudioError> {
        let rate_hz = self.rate_hz;
        let refused = |why: String| AudioError::Rate { rate_hz, why };
        let Some(resampler) = &mut self.resampler else { return Ok(0) };
        let frames = self.waiting.len() - used;
        let input = InterleavedSlice::new(&self.waiting[used..], 1, frames)
            .map_err(|e| refused(e.to_string()))?;
        let room = self.scratch.len();
        let mut output = InterleavedSlice::new_mut(&mut self.scratch, 1, room)
            .map_err(|e| refused(e.to_string()))?;
        let indexing = Indexing {
            input_offset: 0,
            output_offset: 0,
            partial_len: partial,
            active_channels_mask: None,
        };
        let (_, made) = resampler
            .process_into_buffer(&input, &mut output, Some(&indexing))
            .map_err(|e| refused(e.to_string()))?;
        Ok(made)
    }

    /// Give the first `made` samples of the scratch, less what is left of the filter's delay, `room` at most.
    fn give(&mut self, made: usize, room: usize, out: &mut Vec<i16>) {
        let skip = self.delay_left.min(made);
        self.delay_left -= skip;
        let samples = &self.scratch[skip..made];
        let samples = &samples[..samples.len().min(room)];
        out.extend(samples.iter().copied().map(to_i16));
        self.given += samples.len() as u64;
    }
}

#[expect(clippy::cast_possible_truncation, reason = "clamped to the range of i16 just before")]
fn to_i16(sample: f32) -> i16 {
    (sample * 32768.0).round().clamp(-32768.0, 32767.0) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One second of a tone of `tone_hz` at `rate_hz`, pushed in pieces of `piece`, at 16 kHz.
    fn resampled(rate_hz: u32, tone_hz: f32, piece: usize) -> Vec<i16> {
        #[expect(clippy::cast_precision_loss, reason = "one second of samples")]
        let tone: Vec<f32> = (0..rate_hz)
            .map(|i| (i as f32 / rate_hz as f32 * tone_hz * std::f32::consts::TAU).sin() * 0.5)
            .collect();
        let (mut to, mut out) = (ToSpeechRate::new(rate_hz).unwrap(), Vec::new());
        for part in tone.chunks(piece) {
            to.push(part, &mut out).unwrap();
        }
        to.finish(&mut out).unwrap();
        out
    }

    fn crossings(samples: &[i16]) -> usize {
        samples.windows(2).filter(|w| (w[0] < 0) != (w[1] < 0)).count()
    }

    #[test]
    fn a_second_stays_a_second_and_a_tone_stays_that_tone() {
        for rate_hz in [8000, 16_000, 22_050, 44_100, 48_000] {
            let out = resampled(rate_hz, 440.0, 700);
            assert_eq!(out.len(), 16_000, "{rate_hz}");
            assert!(crossings(&out).abs_diff(880) <= 4, "{rate_hz}: {}", crossings(&out));
        }
    }

    #[test]
    fn how_the_source_is_cut_changes_nothing() {
        assert_eq!(resampled(44_100, 300.0, 1), resampled(44_100, 300.0, 44_100));
    }

    #[test]
    fn the_start_is_not_delayed() {
        let out = resampled(48_000, 100.0, 4096);
        // A quarter of a 100 Hz wave is 40 samples at 16 kHz.
        let first_peak = (0..80).max_by_key(|i| out[*i]).unwrap();
        assert!(first_peak.abs_diff(40) <= 6, "{first_peak}");
    }

    #[test]
    fn no_rate_at_all_is_refused() {
        assert!(ToSpeechRate::new(0).is_err());
    }
}
