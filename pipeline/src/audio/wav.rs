//! The one WAV shape that the pipeline keeps: mono, 16 bits. Playable everywhere, read back without a decoder.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::audio::AudioError;
use crate::store::{self, StoreError};

const HEADER_BYTES: usize = 44;

/// Write `samples` at `rate_hz` to `path`, beside and renamed.
///
/// # Errors
/// When the disk refuses, or the samples are more than the 4 GiB that a WAV can hold.
pub fn write(path: &Path, rate_hz: u32, samples: &[i16]) -> Result<(), StoreError> {
    store::replace(path, |out| fill(out, rate_hz, samples))
}

fn fill(out: &mut BufWriter<File>, rate_hz: u32, samples: &[i16]) -> io::Result<()> {
    let too_long = |_| io::Error::other("more samples than a WAV can hold");
    let data_bytes = u32::try_from(samples.len() * 2).map_err(too_long)?;
    out.write_all(b"RIFF")?;
    out.write_all(&data_bytes.saturating_add(36).to_le_bytes())?;
    out.write_all(b"WAVEfmt ")?;
    out.write_all(&16_u32.to_le_bytes())?;
    // Format 1 is PCM; one channel.
    out.write_all(&1_u16.to_le_bytes())?;
    out.write_all(&1_u16.to_le_bytes())?;
    out.write_all(&rate_hz.to_le_bytes())?;
    out.write_all(&(rate_hz * 2).to_le_bytes())?;
    out.write_all(&2_u16.to_le_bytes())?;
    out.write_all(&16_u16.to_le_bytes())?;
    out.write_all(b"data")?;
    out.write_all(&data_bytes.to_le_bytes())?;
    samples.iter().try_for_each(|sample| out.write_all(&sample.to_le_bytes()))
}

/// The samples of a file that [`write()`] made.
///
/// # Errors
/// When it cannot be read or is not such a file.
pub fn read(path: &Path) -> Result<Vec<i16>, AudioError> {
    let bytes =
        fs::read(path).map_err(|source| AudioError::Read { path: path.to_owned(), source })?;
    if bytes.len() < HEADER_BYTES || !bytes.starts_with(b"RIFF") {
        return Err(AudioError::Undecodable {
            path: path.to_owned(),
            why: "it is no WAV of ours".to_owned(),
        });
    }
    Ok(bytes[HEADER_BYTES..].chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        write(&path, 16_000, &[0, 1, -1, i16::MAX, i16::MIN]).unwrap();
        assert_eq!(read(&path).unwrap(), [0, 1, -1, i16::MAX, i16::MIN]);
    }

    #[test]
    fn what_is_no_wav_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        fs::write(&path, "short").unwrap();
        assert!(read(&path).is_err());
    }
}
