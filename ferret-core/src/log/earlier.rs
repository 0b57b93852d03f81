//! The runs before this one: families that were moved aside when a run of the same name began.

use super::error::LogError;
use super::names::{self, FamilyName};
use std::path::{Path, PathBuf};

/// The heads of the runs that were recorded under the name `path` before the one that has it now, the latest first. If the
/// path is one of those itself, the ones before it.
///
/// # Errors
///
/// The path is no name for a log.
pub fn earlier_runs(path: &Path) -> Result<Vec<PathBuf>, LogError> {
    let absolute = std::path::absolute(path).map_err(|error| LogError::io(path, "open", error))?;
    let moved = names::moved_away(&absolute).map(|(head, _)| head);
    let head = moved.as_ref().unwrap_or(&absolute);
    let family = FamilyName::of(head).map_err(|error| LogError::io(path, "open", error))?;
    let mut runs = family.moved_families();
    // By when they were born; of one millisecond, by name.
    runs.sort_by(|left, right| (right.0, &right.2).cmp(&(left.0, &left.2)));
    let mut heads = runs.into_iter().map(|(_, _, head)| head);
    if moved.is_some() {
        heads.by_ref().find(|head| *head == absolute);
    }
    Ok(heads.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earlier_runs_stand_from_the_latest_back() {
        let folder = tempfile::tempdir().unwrap();
        let name = |millis: &str, run: &str| format!("run.{millis}-{run}.redb");
        let names = [
            "run.redb".to_owned(),
            name("1700000000900", "00000001"),
            name("1700000001000", "00000002"),
            name("999", "00000003"),
            "run.00000001.0000000a.redb".to_owned(),
            "other.1700000000999-00000004.redb".to_owned(),
        ];
        for name in &names {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let earlier = |name: &str| {
            let runs = earlier_runs(&folder.path().join(name)).unwrap();
            let names =
                runs.iter().map(|run| run.file_name().unwrap().to_str().unwrap().to_owned());
            names.collect::<Vec<_>>()
        };
        assert_eq!(earlier("run.redb"), [&*names[2], &*names[1], &*names[3]]);
        assert_eq!(earlier(&names[1]), [&*names[3]]);
        assert_eq!(earlier("none.redb"), [""; 0]);
    }
}
