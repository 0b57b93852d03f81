//! Files that the screen writes into the folder it was started in. None that is there is ever written
//! over: a name that is taken gets a number.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// Names that are tried.
const TRIES: u32 = 1_000;

/// `ferret-PROGRAM-20261126-140310`; of the program's name only what every file system takes.
pub(super) fn stem(program: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    let program: String = program.chars().map(plain).take(60).collect();
    let now = Timestamp::now().to_zoned(TimeZone::system());
    format!("ferret-{program}-{}", now.strftime("%Y%m%d-%H%M%S"))
}

/// Writes files that differ in their endings alone; gives their names, without the folder.
///
/// # Errors
///
/// One could not be written: then none is left behind.
pub(super) fn create(
    folder: &Path,
    stem: &str,
    files: &[(&str, &[u8])],
) -> io::Result<Vec<String>> {
    for number in 1..=TRIES {
        let stem = if number == 1 { stem.to_owned() } else { format!("{stem}-{number}") };
        let names: Vec<String> = files.iter().map(|(end, _)| format!("{stem}.{end}")).collect();
        let paths: Vec<PathBuf> = names.iter().map(|name| folder.join(name)).collect();
        if paths.iter().any(|path| path.symlink_metadata().is_ok()) {
            continue;
        }
        match create_all(&paths, files) {
            Ok(()) => return Ok(names),
            // Somebody else was faster.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::from(ErrorKind::AlreadyExists))
}

fn create_all(paths: &[PathBuf], files: &[(&str, &[u8])]) -> io::Result<()> {
    for (index, (path, (_, bytes))) in paths.iter().zip(files).enumerate() {
        let written = File::create_new(path)
            .map_err(|error| (error, index))
            .and_then(|mut file| file.write_all(bytes).map_err(|error| (error, index + 1)));
        if let Err((error, made)) = written {
            // Half of it is worse than nothing; what cannot be removed either is the lesser worry.
            paths[..made].iter().for_each(|path| fs::remove_file(path).unwrap_or(()));
            return Err(error);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn names(folder: &Path) -> BTreeSet<String> {
        let all = fs::read_dir(folder).unwrap();
        all.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn files_of_one_stem_stand_beside_each_other_and_none_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let write = |text: &str| {
            let bytes = text.as_bytes();
            create(folder.path(), "run", &[("txt", bytes), ("json", b"{}")]).unwrap()
        };
        assert_eq!(write("first"), ["run.txt", "run.json"]);
        fs::write(folder.path().join("run-2.json"), "mine").unwrap();
        assert_eq!(write("second"), ["run-3.txt", "run-3.json"]);
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!((read("run.txt"), read("run-2.json")), ("first".into(), "mine".into()));
    }

    #[test]
    fn a_link_that_leads_nowhere_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("elsewhere", folder.path().join("run.txt")).unwrap();
        let names_given = create(folder.path(), "run", &[("txt", b"x")]).unwrap();
        assert_eq!(names_given, ["run-2.txt"]);
        assert!(!folder.path().join("elsewhere").exists());
    }

    #[test]
    fn where_nothing_can_be_written_nothing_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let error = create(folder.path(), "no/such/folder", &[("txt", b"x")]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        let twice = create(folder.path(), "run", &[("txt", b"x"), ("txt", b"y")]);
        assert!(twice.is_err());
        assert_eq!(names(folder.path()), BTreeSet::new());
    }

    #[test]
    fn a_programs_name_becomes_part_of_a_files() {
        let stem = stem("../a b/音声.exe");
        assert!(stem.starts_with("ferret-.._a_b_音声.exe-20"), "{stem}");
        assert!(super::stem(&"x".repeat(500)).len() < 100);
    }
}
