//! Files that are whole or not there: written beside, then renamed.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoreError;

/// Write a file beside `path` with `fill`, then rename it over `path`: readers see the old content or the new.
///
/// # Errors
/// When the file system or `fill` refuses; the old content is then still there.
pub fn replace(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<(), StoreError> {
    // One writer holds the folder's lock, so a fixed name cannot be shared, and a crash leaves one file at most.
    let mut aside = path.as_os_str().to_owned();
    aside.push(".new");
    let aside = PathBuf::from(aside);
    let write = || {
        let mut out = BufWriter::new(File::create(&aside)?);
        fill(&mut out)?;
        out.flush()?;
        out.get_ref().sync_data()?;
        fs::rename(&aside, path)
    };
    write().map_err(StoreError::io("writing", path))
}

/// Keep `value` at `path` as JSON that people can read.
///
/// # Errors
/// When the file system refuses.
#[ferret::profile]
pub fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), StoreError> {
    replace(path, |out| {
        serde_json::to_writer_pretty(&mut *out, value)?;
        out.write_all(b"\n")
    })
}

/// What [`write_json`] kept at `path`; nothing where there is no such file.
///
/// # Errors
/// When it cannot be read or is not such a file.
#[ferret::profile]
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, StoreError> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(StoreError::io("reading", path)(e)),
    };
    serde_json::from_slice(&text)
        .map(Some)
        .map_err(|source| StoreError::Damaged { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_that_fails_leaves_the_old_content() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        write_json(&path, &1).unwrap();
        let failed = replace(&path, |out| {
            out.write_all(b"half")?;
            Err(io::Error::other("disk gone"))
        });
        assert!(failed.unwrap_err().to_string().contains("disk gone"));
        assert_eq!(read_json::<i32>(&path).unwrap(), Some(1));
    }

    #[test]
    fn a_damaged_file_is_named_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        fs::write(&path, "{ half").unwrap();
        let said = read_json::<i32>(&path).unwrap_err().to_string();
        assert!(said.contains("a.json") && said.contains("delete it"), "{said}");
    }
}
