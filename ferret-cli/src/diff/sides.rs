//! The two sides of a comparison: which runs an argument names, and their analyses, made of logs or read as they were
//! saved.

use super::saved;
use crate::analyze::{self, Analysis};
use crate::chosen::Chosen;
use crate::input;
use anyhow::{Context as _, bail};
use ferret::log::{ReadOptions, earlier_runs};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// A run to compare.
#[derive(Clone, Debug)]
pub(super) struct SideRun {
    /// As it was named: the path, or run.redb@-1.
    pub(super) source: String,
    pub(super) path: PathBuf,
    /// From a file that `analyze --json` wrote.
    pub(super) is_saved: bool,
    pub(super) analysis: Analysis,
}

/// What reading a run came to.
#[derive(Debug)]
pub(super) enum Loaded {
    /// It is here; the code is not 0 where part of it could not be read.
    Run(Box<SideRun>, ExitCode),
    /// It is not, which has been said.
    Unreadable(ExitCode),
}

/// A run that an argument names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// As the user would.
    pub(super) name: String,
    pub(super) path: PathBuf,
}

impl Named {
    fn path(path: &Path) -> Self {
        Self { name: path.display().to_string(), path: path.to_owned() }
    }
}

/// The runs that an argument names: a path, or an earlier run of its name, or a range of them: `run.redb@-1`,
/// `run.redb@-5..-1`.
pub(super) fn resolve(argument: &Path) -> anyhow::Result<Vec<Named>> {
    let split = argument.to_str().and_then(|text| text.rsplit_once('@'));
    let Some((name, which)) = split.filter(|(name, _)| !name.is_empty() && !argument.exists())
    else {
        return Ok(vec![Named::path(argument)]);
    };
    let Some((first, last)) = range(which) else { return Ok(vec![Named::path(argument)]) };
    if first > 0 || last > 0 {
        bail!(
            "{}: earlier runs are counted back, {name}@-1 is the one before the latest, which is {name}@0",
            argument.display()
        );
    }
    let name = Path::new(name);
    let earlier = earlier_runs(name)?;
    let back = |number: i64| number.unsigned_abs();
    let numbers = back(first.max(last))..=back(first.min(last));
    let run = |number: u64| match number.checked_sub(1) {
        None => Ok(Named::path(name)),
        Some(index) => {
            let path = usize::try_from(index).ok().and_then(|index| earlier.get(index));
            let path = path.with_context(|| too_far(argument, name, earlier.len()))?;
            Ok(Named { name: format!("{}@-{number}", name.display()), path: path.clone() })
        }
    };
    // The first that is not there ends it, however many were asked for.
    numbers.map(run).collect()
}

fn too_far(argument: &Path, name: &Path, earlier: usize) -> String {
    let (argument, name) = (argument.display(), name.display());
    match earlier {
        0 => format!("{argument}: no earlier run of {name} is there"),
        1 => format!("{argument}: one earlier run of {name} is there, @-1"),
        _ => format!(
            "{argument}: {earlier} earlier runs of {name} are there, @-1 to @-{earlier} (the option \
             keep_runs says how many are kept)"
        ),
    }
}

/// `-1`, `-5..-1`
fn range(text: &str) -> Option<(i64, i64)> {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    Some((first.parse().ok()?, last.strip_prefix('=').unwrap_or(last).parse().ok()?))
}

/// Reads a run.
pub(super) fn load(named: &Named, chosen: &Chosen) -> anyhow::Result<Loaded> {
    let Named { name: source, path } = named.clone();
    if let Some(mut analysis) = saved::read(&path)? {
        if let Some(what) = analyze::asks_of_entries(chosen) {
            bail!(
                "{what} can only be asked of a log: {source} is a saved analysis, which has rows alone"
            );
        }
        analyze::narrow(&mut analysis, chosen);
        let run = SideRun { source, path, is_saved: true, analysis };
        return Ok(Loaded::Run(Box::new(run), ExitCode::SUCCESS));
    }
    let mut run = match input::open(std::slice::from_ref(&path), ReadOptions::default()) {
        Ok(run) => run,
        Err(error) => return Ok(Loaded::Unreadable(analyze::unreadable(&error))),
    };
    let (analysis, failure) =
        analyze::whole(&mut run, chosen).with_context(|| format!("reading {source}"))?;
    let mut code = input::conclude(&run);
    if let Some(error) = failure {
        code = analyze::unreadable(&error);
    }
    Ok(Loaded::Run(Box::new(SideRun { source, path, is_saved: false, analysis }), code))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in ["run.redb", "run.1000-00000001.redb", "run.2000-00000002.redb", "odd@-1"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        folder
    }

    #[track_caller]
    fn check(argument: &str, expect: Result<&[&str], &str>) {
        let folder = folder();
        let seen = resolve(&folder.path().join(argument));
        match expect {
            Ok(names) => {
                let seen = seen.unwrap();
                let seen: Vec<_> = seen
                    .iter()
                    .map(|run| run.path.file_name().unwrap().to_str().unwrap())
                    .collect();
                assert_eq!(seen, names, "{argument}");
            }
            Err(part) => {
                let error = seen.unwrap_err().to_string();
                assert!(error.contains(part), "{argument}: {error}");
            }
        }
    }

    #[test]
    fn earlier_runs_are_counted_back_from_the_latest() {
        check("run.redb", Ok(&["run.redb"]));
        check("run.redb@0", Ok(&["run.redb"]));
        check("run.redb@-1", Ok(&["run.2000-00000002.redb"]));
        check("run.redb@-2", Ok(&["run.1000-00000001.redb"]));
        check("run.redb@-2..-1", Ok(&["run.2000-00000002.redb", "run.1000-00000001.redb"]));
        check("run.redb@0..=-1", Ok(&["run.redb", "run.2000-00000002.redb"]));
    }

    #[test]
    fn what_is_not_there_is_told_with_what_is() {
        check("run.redb@-3", Err("2 earlier runs"));
        check("run.redb@-9223372036854775808..-1", Err("@-1 to @-2"));
        check("none.redb@-1", Err("no earlier run"));
        check("run.redb@1", Err("run.redb@0"));
    }

    #[test]
    fn a_name_with_such_a_sign_in_it_is_a_name() {
        check("odd@-1", Ok(&["odd@-1"]));
        check("me@home.redb", Ok(&["me@home.redb"]));
    }
}
