//! An audio file as mono samples, piece by piece, at the file's own rate.

use std::fs::File;
use std::path::Path;

use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;

use super::AudioError;

/// Of the packets of a file, how many in a hundred may be broken before the file is refused.
const BROKEN_PERCENT_MAX: u64 = 10;

/// A file being decoded.
pub struct Decoding {
    format: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    track: u32,
    interleaved: Vec<f32>,
    packets: u64,
    broken: u64,
    path: std::path::PathBuf,
}

impl std::fmt::Debug for Decoding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoding")
            .field("path", &self.path)
            .field("packets", &self.packets)
            .finish_non_exhaustive()
    }
}

/// Mono samples at `rate_hz`.
#[derive(Debug, Default)]
pub struct Piece {
    /// The samples, -1 to 1.
    pub samples: Vec<f32>,
    /// How many of them are one second.
    pub rate_hz: u32,
}

impl Decoding {
    /// Begin with the first audio track of the file at `path`.
    ///
    /// # Errors
    /// When it cannot be read or is no audio.
    pub fn open(path: &Path) -> Result<Self, AudioError> {
        let undecodable =
            |why: &str| AudioError::Undecodable { path: path.to_owned(), why: why.to_owned() };
        let file = File::open(path)
            .map_err(|source| AudioError::Read { path: path.to_owned(), source })?;
        let mut hint = Hint::new();
        if let Some(extension) = path.extension().and_then(|e| e.to_str()) {
            hint.with_extension(extension);
        }
        let stream = MediaSourceStream::new(Box::new(file), MediaSourceStreamOptions::default());
        let format = symphonia::default::get_probe()
            .probe(&hint, stream, FormatOptions::default(), MetadataOptions::default())
            .map_err(|e| undecodable(&e.to_string()))?;
        let track = format
            .default_track(TrackType::Audio)
            .ok_or_else(|| undecodable("it has no audio track"))?;
        let params = track.codec_params.as_ref().and_then(|p| p.audio());
        let params = params.ok_or_else(|| undecodable("its codec is unknown"))?;
        let decoder = symphonia::default::get_codecs()
            .make_audio_decoder(params, &AudioDecoderOptions::default())
            .map_err(|e| undecodable(&e.to_string()))?;
        let track = track.id;
        Ok(Self {
            format,
            decoder,
            track,
            interleaved: Vec::new(),
            packets: 0,
            broken: 0,
            path: path.to_owned(),
        })
    }

    /// The next samples into `piece`; false at the end of the file.
    ///
    /// # Errors
    /// When the file breaks off, or too much of it is broken. Single broken packets are skipped, as players do.
    pub fn next_piece(&mut self, piece: &mut Piece) -> Result<bool, AudioError> {
        loop {
            let packet = match self.format.next_packet() {
                Ok(Some(packet)) => packet,
                Ok(None) => return self.finish(),
                // Files cut short end like this; what came before is good.
                Err(Error::IoError(e)) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
                    return self.finish();
                }
                Err(e) => return Err(self.undecodable(e.to_string())),
            };
            if packet.track_id != self.track {
                continue;
            }
            self.packets += 1;
            match self.decoder.decode(&packet) {
                Ok(decoded) => {
                    let channels = decoded.spec().channels().count().max(1);
                    piece.rate_hz = decoded.spec().rate();
                    decoded.copy_to_vec_interleaved(&mut self.interleaved);
                    mix_to_mono(&self.interleaved, channels, &mut piece.samples);
                    return Ok(true);
                }
                Err(Error::DecodeError(_) | Error::IoError(_)) => self.broken += 1,
                Err(e) => return Err(self.undecodable(e.to_string())),
            }
        }
    }

    fn finish(&self) -> Result<bool, AudioError> {
        if self.packets == 0 {
            return Err(self.undecodable("it holds no audio".to_owned()));
        }
        if self.broken * 100 > self.packets * BROKEN_PERCENT_MAX {
            return Err(
                self.undecodable(format!("{} of {} packets are broken", self.broken, self.packets))
            );
        }
        Ok(false)
    }

    fn undecodable(&self, why: String) -> AudioError {
        AudioError::Undecodable { path: self.path.clone(), why }
    }
}

/// The mean of the channels of `interleaved`, in place of what `mono` held.
fn mix_to_mono(interleaved: &[f32], channels: usize, mono: &mut Vec<f32>) {
    mono.clear();
    #[expect(clippy::cast_precision_loss, reason = "a file has few channels")]
    let scale = 1.0 / channels as f32;
    mono.extend(interleaved.chunks_exact(channels).map(|frame| frame.iter().sum::<f32>() * scale));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::wav;

    fn all(path: &Path) -> Result<(Vec<f32>, u32), AudioError> {
        let (mut decoding, mut piece, mut samples) =
            (Decoding::open(path)?, Piece::default(), Vec::new());
        while decoding.next_piece(&mut piece)? {
            samples.extend_from_slice(&piece.samples);
        }
        Ok((samples, piece.rate_hz))
    }

    #[test]
    fn a_wav_comes_back_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        let written: Vec<i16> = (0..5000).map(|i| i16::try_from(i % 200 * 100).unwrap()).collect();
        wav::write(&path, 8000, &written).unwrap();
        let (read, rate) = all(&path).unwrap();
        assert_eq!((read.len(), rate), (written.len(), 8000));
        assert!(read.iter().zip(&written).all(|(r, w)| (r * 32768.0 - f32::from(*w)).abs() < 1.5));
    }

    #[test]
    fn channels_are_averaged() {
        let mut mono = vec![9.0];
        mix_to_mono(&[1.0, 0.0, -0.5, -0.5], 2, &mut mono);
        assert_eq!(mono, [0.5, -0.5]);
    }

    #[test]
    fn what_is_no_audio_says_what_would_be() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mp3");
        for bytes in [&b""[..], b"<html>404</html>", &[0; 4000]] {
            std::fs::write(&path, bytes).unwrap();
            let said = all(&path).unwrap_err().to_string();
            assert!(said.contains("MP3") && said.contains("a.mp3"), "{said}");
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let said = all(Path::new("/nowhere/x.wav")).unwrap_err().to_string();
        assert!(said.contains("/nowhere/x.wav"), "{said}");
    }
}
