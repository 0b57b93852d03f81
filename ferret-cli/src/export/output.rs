//! Where an export goes. A file has its name only once it is complete: until then it is beside it,
//! and gone if the export ends early. A signal ends writing to a file at once; what goes to stdout is
//! brought to a proper end.

use super::form::Form;
use crate::stop::Stop;
use anyhow::{Context as _, bail};
use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// Written at once.
const BUFFER: usize = 256 << 10;

/// Where it goes.
#[derive(Debug)]
pub(crate) struct Output {
    to: BufWriter<Counted>,
    /// The name it gets in the end; none for what has its name already.
    name: Option<PathBuf>,
    said: String,
}

/// What writes, and how much it has written.
#[derive(Debug)]
struct Counted {
    to: To,
    bytes: u64,
    stop: Option<Stop>,
}

#[derive(Debug)]
enum To {
    Stdout(io::Stdout),
    /// A pipe or a device, which has its name already.
    Special(File),
    Temporary(NamedTempFile),
}

impl Output {
    /// To stdout.
    ///
    /// # Errors
    ///
    /// It is a terminal, and the format is nothing for one.
    pub(super) fn to_stdout(form: Form) -> anyhow::Result<Self> {
        let stdout = io::stdout();
        if form.is_binary() && stdout.is_terminal() {
            bail!("{} is not for a terminal: give it a file, -o run.pb.gz", form.name());
        }
        Ok(Self::new(To::Stdout(stdout), None, "stdout".to_owned(), None))
    }

    /// To a file, which has this name when it is complete. From when a signal has come, nothing more is
    /// written to it.
    ///
    /// # Errors
    ///
    /// Nothing can be written there.
    pub(crate) fn to_file(path: &Path, stop: &Stop) -> anyhow::Result<Self> {
        let said = path.display().to_string();
        // Of a link, what it leads to is replaced.
        let path = fs::canonicalize(path).unwrap_or_else(|_not_there_yet| path.to_owned());
        let is_there = fs::metadata(&path).ok();
        if is_there.as_ref().is_some_and(fs::Metadata::is_dir) {
            bail!("{said} is a folder: name a file in it");
        }
        if is_there.is_some_and(|file| !file.is_file()) {
            let file = File::options().write(true).open(&path);
            let file = file.with_context(|| format!("opening {said}"))?;
            return Ok(Self::new(To::Special(file), None, said, None));
        }
        let file = tempfile::Builder::new()
            .prefix(".ferret-export-")
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(folder_of(&path))
            .with_context(|| format!("making a file for {said}"))?;
        Ok(Self::new(To::Temporary(file), Some(path), said, Some(stop.clone())))
    }

    fn new(to: To, name: Option<PathBuf>, said: String, stop: Option<Stop>) -> Self {
        let counted = Counted { to, bytes: 0, stop };
        Self { to: BufWriter::with_capacity(BUFFER, counted), name, said }
    }

    /// How people call it.
    pub(super) fn name(&self) -> &str {
        &self.said
    }

    /// Where there is room for what is needed meanwhile.
    pub(super) fn folder(&self) -> PathBuf {
        self.name.as_deref().map_or_else(std::env::temp_dir, |name| folder_of(name).to_owned())
    }

    /// Gives a file its name; its size. None of what is not a file.
    ///
    /// # Errors
    ///
    /// The name cannot be given.
    pub(crate) fn keep(&mut self) -> anyhow::Result<Option<u64>> {
        let Some(name) = self.name.take() else { return Ok(None) };
        let counted = self.to.get_mut();
        if counted.is_stopped() {
            bail!("ended by a signal");
        }
        let special = To::Stdout(io::stdout());
        if let To::Temporary(file) = std::mem::replace(&mut counted.to, special) {
            file.persist(&name)
                .map_err(|error| error.error)
                .with_context(|| format!("giving the file its name, {}", self.said))?;
        }
        Ok(Some(counted.bytes))
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.to.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

impl Counted {
    fn is_stopped(&self) -> bool {
        self.stop.as_ref().is_some_and(|stop| stop.signal().is_some())
    }
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_stopped() {
            return Err(io::Error::other("a signal asked to end"));
        }
        let written = match &mut self.to {
            To::Stdout(stdout) => stdout.write(bytes),
            To::Special(file) => file.write(bytes),
            To::Temporary(file) => file.as_file_mut().write(bytes),
        }?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.to {
            To::Stdout(stdout) => stdout.flush(),
            To::Special(file) => file.flush(),
            To::Temporary(file) => file.as_file_mut().flush(),
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let all = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> =
            all.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_has_its_name_when_it_is_complete_and_leaves_nothing_otherwise() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        fs::write(&path, "old").unwrap();
        let mut output = Output::to_file(&path, &Stop::default()).unwrap();
        output.write_all(b"half").unwrap();
        output.flush().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        drop(output);
        assert_eq!(names(folder.path()), ["a.csv"]);
        let mut output = Output::to_file(&path, &Stop::default()).unwrap();
        output.write_all(b"whole").unwrap();
        output.flush().unwrap();
        assert_eq!(output.keep().unwrap(), Some(5));
        assert_eq!(
            (fs::read_to_string(&path).unwrap().as_str(), names(folder.path()).len()),
            ("whole", 1)
        );
    }

    #[test]
    fn a_link_stays_and_what_it_leads_to_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let [target, link] = ["target", "link"].map(|name| folder.path().join(name));
        fs::write(&target, "old").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        let mut output = Output::to_file(&link, &Stop::default()).unwrap();
        output.write_all(b"new").unwrap();
        output.flush().unwrap();
        output.keep().unwrap();
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&target).unwrap(), "new");
    }

    #[test]
    fn after_a_signal_nothing_is_written_to_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let stop = Stop::default();
        let mut output = Output::to_file(&folder.path().join("a.csv"), &stop).unwrap();
        output.write_all(b"a").unwrap();
        stop.ask(2);
        assert!(output.flush().is_err());
    }

    #[test]
    fn a_folder_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let refused = Output::to_file(folder.path(), &Stop::default()).unwrap_err().to_string();
        assert!(refused.ends_with("is a folder: name a file in it"), "{refused}");
    }
}
