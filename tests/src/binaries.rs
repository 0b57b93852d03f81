//! The binaries under test, from the profile that the tests themselves were built in.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The `ferret` command, in an environment that names no log and no terminal.
pub fn ferret() -> Command {
    command("ferret")
}

/// One of the programs in `examples/`.
pub fn example(name: &str) -> Command {
    command(name)
}

/// What a command said and how it ended.
#[derive(Debug)]
pub struct Output {
    /// Its exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

/// Runs a command to its end, without input.
///
/// # Panics
///
/// It cannot be started, or prints what is not UTF-8.
pub fn output(command: &mut Command) -> Output {
    let done = command.stdin(Stdio::null()).output().expect("the command starts");
    let text = |bytes| String::from_utf8(bytes).expect("output is UTF-8");
    Output { code: done.status.code(), stdout: text(done.stdout), stderr: text(done.stderr) }
}

fn command(name: &str) -> Command {
    let mut command = Command::new(folder().join(name));
    for variable in ["FERRET_LOG", "FERRET_RUN", "NO_COLOR", "TMUX", "TMUX_PANE"] {
        command.env_remove(variable);
    }
    command
}

/// The folder of this profile's binaries, which are built first unless `FERRET_TESTS_BUILT` says
/// that they are there: cargo builds no binaries of other packages for a test.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let test = std::env::current_exe().expect("a test knows where it is");
        let folder = test.ancestors().nth(2).expect("target/PROFILE/deps/TEST").to_path_buf();
        if std::env::var_os("FERRET_TESTS_BUILT").is_none_or(|value| value.is_empty()) {
            build(&folder);
        }
        folder
    })
}

fn build(folder: &Path) {
    let target = folder.parent().expect("the profile's folder is in the target folder");
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(profile) => profile,
    };
    let all: &[&str] =
        &["-p", "ferret-cli", "--features", "ferret-cli/serve", "-p", "ferret-examples"];
    // By itself, or all the others would have the feature too.
    let wrapped = &["-p", "ferret-examples", "--features", "alloc", "--bin", "allocations"];
    for what in [all, wrapped] {
        let built = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--profile", profile, "--target-dir"])
            .arg(target)
            .args(what)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status()
            .expect("cargo starts");
        assert!(built.success(), "the binaries under test do not build");
    }
}
