//! This test binary again, playing a part that a variable names: for what is at stake in a process
//! as a whole, its environment, its command line, its panic hook.

use crate::log::{self, Log};
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

const PART: &str = "FERRET_TEST_PART";
const FOLDER: &str = "FERRET_TEST_FOLDER";

/// What became of it.
pub(crate) struct Played {
    folder: tempfile::TempDir,
    pub(crate) code: Option<i32>,
    /// What it printed on stderr, less what a panic prints.
    pub(crate) said: String,
}

/// Whether the test that this process runs is to play its part, which it does then, in the folder
/// given.
pub(crate) fn plays(part: &str) -> Option<PathBuf> {
    let is_it = std::env::var(PART).is_ok_and(|named| named == part);
    is_it.then(|| std::env::var_os(FOLDER).unwrap().into())
}

/// Plays a part, the test `test`, in a folder of its own. Other variables may name that as `{}`.
pub(crate) fn play(part: &str, test: &str, variables: &[(&str, &str)], args: &[&str]) -> Played {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path().to_str().unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", test, "--nocapture"])
        .args(args)
        .env(PART, part)
        .env(FOLDER, here)
        .env_remove("FERRET_LOG")
        .env_remove("FERRET_VALUES")
        .envs(variables.iter().map(|(name, value)| (*name, value.replace("{}", here))))
        .stdout(Stdio::null());
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap().replace(here, "HERE");
    Played { folder, code: output.status.code(), said }
}

impl Played {
    /// The lines that Ferret printed.
    pub(crate) fn ferret_said(&self) -> Vec<&str> {
        self.said.lines().filter(|line| line.starts_with("ferret")).collect()
    }

    /// A log in its folder.
    pub(crate) fn log(&self, name: &str) -> Log {
        log::read(&self.folder.path().join(name))
    }

    /// The bytes of all its logs.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut files: Vec<_> = std::fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension() == Some(OsStr::new("redb")))
            .collect();
        files.sort();
        files.iter().flat_map(|path| std::fs::read(path).unwrap()).collect()
    }
}
