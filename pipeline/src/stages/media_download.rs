//! Stage `media_download`: the episode's audio as a file of the output folder.
//!
//! Leaves to others: whether it is audio at all (`audio_preprocessing`).

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use super::rss_feed_fetch::{Enclosure, Place};
use crate::error::StageError;
use crate::http::{Fetcher, HttpError};
use crate::ids::Digest;
use crate::interrupt::Interrupt;
use crate::store::{self, StoreError};

/// The audio as kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    /// Its file's name in the episode's folder.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// The digest of its content.
    pub content: Digest,
}

/// Fetch `enclosure` into `folder`, `limit_bytes` at most.
///
/// # Errors
/// When it cannot be had, or is too large. What came of it stays beside, to go on from.
#[ferret::profile(stage)]
pub fn media_download(
    enclosure: &Enclosure,
    folder: &Path,
    limit_bytes: u64,
    fetcher: &Fetcher,
    interrupt: &Interrupt,
) -> Result<Media, StageError> {
    let file = format!("media.{}", extension(enclosure));
    let path = folder.join(&file);
    match &enclosure.place {
        Place::Url(url) => fetch(url, &path, limit_bytes, fetcher, interrupt)?,
        Place::File(source) => copy(source, &path, limit_bytes, interrupt)?,
    }
    let (bytes, content) = digest_file(&path)?;
    Ok(Media { file, bytes, content })
}

/// What decides whether the media must be fetched again without fetching it: address or path, and for a file its size and
/// time, since files change under their names.
///
/// # Errors
/// When the file is not there.
pub fn origin(enclosure: &Enclosure) -> Result<Digest, StageError> {
    Ok(match &enclosure.place {
        Place::Url(url) => Digest::of_parts(&["url", url]),
        Place::File(path) => {
            let unreadable = |source| StageError::Unreadable { path: path.clone(), source };
            let meta = fs::metadata(path).map_err(unreadable)?;
            let modified = meta.modified().map_err(unreadable)?;
            Digest::of_parts(&[
                "file",
                &path.to_string_lossy(),
                &meta.len().to_string(),
                &format!("{modified:?}"),
            ])
        }
    })
}

fn fetch(
    url: &str,
    path: &Path,
    limit_bytes: u64,
    fetcher: &Fetcher,
    interrupt: &Interrupt,
) -> Result<(), StageError> {
    let mut report = |done: u64, total: Option<u64>| ferret::progress(done, total.unwrap_or(0));
    match fetcher.download(url, path, limit_bytes, interrupt, &mut report) {
        Err(HttpError::Interrupted { .. }) => Err(StageError::Interrupted),
        other => Ok(other?),
    }
}

fn copy(
    source: &Path,
    path: &Path,
    limit_bytes: u64,
    interrupt: &Interrupt,
) -> Result<(), StageError> {
    let unreadable = |e| StageError::Unreadable { path: source.to_owned(), source: e };
    let mut from = File::open(source).map_err(unreadable)?;
    let total = from.metadata().map_err(unreadable)?.len();
    if total > limit_bytes {
        return Err(StageError::TooLarge { what: source.display().to_string(), limit_bytes });
    }
    let (mut stopped, mut done) = (false, 0);
    let copied = store::replace(path, |out| {
        let mut buffer = vec![0; 256 * 1024];
        loop {
            if interrupt.requested() {
                stopped = true;
                return Err(io::Error::from(io::ErrorKind::Interrupted));
            }
            let n = from.read(&mut buffer)?;
            if n == 0 {
                return Ok(());
            }
            out.write_all(&buffer[..n])?;
            done += n as u64;
            ferret::progress(done, total);
        }
    });
    if stopped { Err(StageError::Interrupted) } else { Ok(copied?) }
}

/// The size of the file and the digest of its content.
#[ferret::profile]
fn digest_file(path: &Path) -> Result<(u64, Digest), StoreError> {
    let wrap = |source| StoreError::Io { doing: "reading", path: PathBuf::from(path), source };
    let mut file = File::open(path).map_err(wrap)?;
    let (mut hasher, mut bytes, mut buffer) = (Xxh3::new(), 0, vec![0; 256 * 1024]);
    loop {
        let n = file.read(&mut buffer).map_err(wrap)?;
        if n == 0 {
            return Ok((bytes, Digest::from_hash(hasher.digest())));
        }
        hasher.update(&buffer[..n]);
        bytes += n as u64;
    }
}

/// The extension to keep the file under: the address's, where it is one of audio, else one that fits the type.
fn extension(enclosure: &Enclosure) -> &'static str {
    const KNOWN: [&str; 9] = ["mp3", "m4a", "aac", "mp4", "ogg", "oga", "flac", "wav", "opus"];
    let address = match &enclosure.place {
        Place::Url(url) => url.split(['?', '#']).next().unwrap_or(url),
        Place::File(path) => path.to_str().unwrap_or(""),
    };
    let ending = address.rsplit('.').next().unwrap_or("").to_lowercase();
    if let Some(known) = KNOWN.iter().find(|known| **known == ending) {
        return known;
    }
    match enclosure.media_type.as_deref().unwrap_or("") {
        "audio/mpeg" | "audio/mp3" => "mp3",
        "audio/mp4" | "audio/x-m4a" | "audio/m4a" => "m4a",
        "audio/aac" => "aac",
        "audio/ogg" | "application/ogg" => "ogg",
        "audio/flac" => "flac",
        "audio/wav" | "audio/x-wav" | "audio/wave" => "wav",
        _ => "audio",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enclosure(place: Place, media_type: Option<&str>) -> Enclosure {
        Enclosure { place, media_type: media_type.map(str::to_owned), bytes: None }
    }

    fn download(source: &Path, folder: &Path, limit: u64) -> Result<Media, StageError> {
        let enclosure = enclosure(Place::File(source.to_owned()), None);
        media_download(&enclosure, folder, limit, &Fetcher::default(), &Interrupt::default())
    }

    #[test]
    fn a_file_is_copied_with_its_size_and_digest() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("talk.MP3");
        fs::write(&source, "sound").unwrap();
        let media = download(&source, folder.path(), 100).unwrap();
        assert_eq!((media.file.as_str(), media.bytes), ("media.mp3", 5));
        assert_eq!(media.content, Digest::of(b"sound"));
        assert_eq!(fs::read(folder.path().join("media.mp3")).unwrap(), b"sound");
    }

    #[test]
    fn a_file_over_the_limit_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("talk.mp3");
        fs::write(&source, "sound").unwrap();
        let said = download(&source, folder.path(), 4).unwrap_err().to_string();
        assert!(said.contains("--max-media-mb"), "{said}");
        assert!(!folder.path().join("media.mp3").exists());
    }

    #[test]
    fn a_missing_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let said =
            download(&folder.path().join("no.mp3"), folder.path(), 4).unwrap_err().to_string();
        assert!(said.contains("no.mp3") && said.contains("check the path"), "{said}");
    }

    #[test]
    fn a_file_that_changed_under_its_name_is_another_origin() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("talk.mp3");
        let now = || origin(&enclosure(Place::File(source.clone()), None)).unwrap();
        fs::write(&source, "sound").unwrap();
        let before = now();
        assert_eq!(before, now());
        fs::write(&source, "louder sound").unwrap();
        assert_ne!(before, now());
    }

    #[test]
    fn the_extension_comes_from_the_address_or_else_from_the_type() {
        let of =
            |url: &str, kind: &str| extension(&enclosure(Place::Url(url.to_owned()), Some(kind)));
        assert_eq!(of("http://a.example/x.m4a?from=feed", "audio/mpeg"), "m4a");
        assert_eq!(of("http://a.example/play", "audio/mpeg"), "mp3");
        assert_eq!(of("http://a.example/play.php", "text/html"), "audio");
    }
}
