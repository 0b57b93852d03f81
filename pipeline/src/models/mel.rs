//! The mel filters that Whisper listens through: 16 kHz, 400 samples a frame, Slaney's scale and norm.

const RATE_HZ: f64 = 16_000.0;
const FRAME: usize = 400;
/// Frequencies of a frame's spectrum.
pub(super) const BINS: usize = FRAME / 2 + 1;

/// `mels` filters of [`BINS`] weights each, one after the other.
pub(super) fn filters(mels: usize) -> Vec<f32> {
    let top = to_mel(RATE_HZ / 2.0);
    #[expect(clippy::cast_precision_loss, reason = "a hundred filters, two hundred bins")]
    let edges: Vec<f64> =
        (0..mels + 2).map(|i| to_hz(top * i as f64 / (mels + 1) as f64)).collect();
    let mut weights = Vec::with_capacity(mels * BINS);
    for edge in edges.windows(3) {
        let (low, centre, high) = (edge[0], edge[1], edge[2]);
        // Slaney's norm: each filter has the same area.
        let norm = 2.0 / (high - low);
        for bin in 0..BINS {
            #[expect(clippy::cast_precision_loss, reason = "two hundred bins")]
            let hz = bin as f64 * RATE_HZ / FRAME as f64;
            let slope = ((hz - low) / (centre - low)).min((high - hz) / (high - centre)).max(0.0);
            #[expect(clippy::cast_possible_truncation, reason = "the file holds f32")]
            weights.push((slope * norm) as f32);
        }
    }
    weights
}

/// Slaney's scale: linear below 1 kHz, logarithmic above.
const LINEAR_HZ_PER_MEL: f64 = 200.0 / 3.0;
const LOG_FROM_HZ: f64 = 1000.0;
const LOG_FROM_MEL: f64 = LOG_FROM_HZ / LINEAR_HZ_PER_MEL;

fn log_step() -> f64 {
    6.4_f64.ln() / 27.0
}

fn to_mel(hz: f64) -> f64 {
    if hz < LOG_FROM_HZ {
        hz / LINEAR_HZ_PER_MEL
    } else {
        LOG_FROM_MEL + (hz / LOG_FROM_HZ).ln() / log_step()
    }
}

fn to_hz(mel: f64) -> f64 {
    if mel < LOG_FROM_MEL {
        mel * LINEAR_HZ_PER_MEL
    } else {
        LOG_FROM_HZ * ((mel - LOG_FROM_MEL) * log_step()).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_turns_back() {
        for hz in [0.0, 440.0, 999.0, 1000.0, 7999.0] {
            assert!((to_hz(to_mel(hz)) - hz).abs() < 1e-6, "{hz}");
        }
    }

    #[test]
    fn each_filter_is_a_triangle_of_the_same_area() {
        let weights = filters(80);
        assert_eq!(weights.len(), 80 * BINS);
        // The narrow ones, a bin or two wide, are too coarse for their area to show.
        for filter in weights.chunks(BINS).skip(60) {
            let area: f32 = filter.iter().sum::<f32>() * 40.0;
            assert!((area - 1.0).abs() < 0.05, "{area}");
        }
    }

    #[test]
    fn the_first_filter_is_the_one_that_whisper_was_trained_with() {
        // The first non-zero weight of the published 80-band filters.
        let weights = filters(80);
        assert!((weights[1] - 0.024_862_59).abs() < 1e-6, "{}", weights[1]);
    }
}
