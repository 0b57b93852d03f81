//! Long output in a terminal goes through a pager, as git has it: `$PAGER`, else `less`, which leaves what fits
//! on the screen standing there. In a pipe, and where there is no pager, it is simply printed.

use crate::page::Page;
use anyhow::Context as _;
use clap::Args;
use std::ffi::OsString;
use std::io::{self, ErrorKind, IsTerminal as _, Write as _};
use std::process::{Command, Stdio};

/// `F`: ends at once if it fits, `R`: colours pass, `X`: leaves the text standing.
const LESS: &str = "FRX";

/// Whether it may.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct PagerArgs {
    /// Print at once what is longer than the terminal is high
    #[arg(long)]
    no_pager: bool,
}

/// Prints a text: through a pager if it may, stdout is a terminal, and the text is longer than that is high.
///
/// # Errors
///
/// It cannot be written. That a reader, or a pager, has had enough is none: the exit code still tells what was found.
pub(crate) fn print(text: &str, page: Page, args: PagerArgs) -> anyhow::Result<()> {
    if !args.no_pager
        && io::stdout().is_terminal()
        && is_long(text, page)
        && let Some(pager) = pager(std::env::var_os("PAGER"))
        && through(pager, text).context("showing it in the pager: --no-pager does without")?
    {
        return Ok(());
    }
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        printed => printed.context("printing"),
    }
}

/// Whether the terminal cannot show all of it, and the prompt below it.
fn is_long(text: &str, page: Page) -> bool {
    let rows = crossterm::terminal::size().map_or(24, |(_, rows)| usize::from(rows));
    let columns = page.width.unwrap_or(80).max(1);
    // Colours take no room; that they count here makes a long line longer.
    let lines = text.lines().map(|line| crate::text::width(line).div_ceil(columns).max(1));
    lines.sum::<usize>() >= rows
}

/// The command that `$PAGER` names, `less` where it is not set; none where it is empty or `cat`.
fn pager(wish: Option<OsString>) -> Option<Command> {
    let Some(wish) = wish else {
        return Some(Command::new("less"));
    };
    if wish.is_empty() || wish == "cat" {
        return None;
    }
    // It may have arguments, quotes and variables in it: a shell knows what to make of them.
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(wish);
    Some(shell)
}

/// Shows the text by a pager; false if there is no such program.
fn through(mut pager: Command, text: &str) -> io::Result<bool> {
    if std::env::var_os("LESS").is_none() {
        pager.env("LESS", LESS);
    }
    if std::env::var_os("LESSCHARSET").is_none() {
        pager.env("LESSCHARSET", "utf-8");
    }
    // Ctrl-C is for the pager, which has the terminal: that ferret ends before it would leave both with the shell.
    let interrupted = std::sync::Arc::default();
    let hook = signal_hook::flag::register(signal_hook::consts::SIGINT, interrupted);
    let shown = feed(&mut pager, text);
    if let Ok(hook) = hook {
        signal_hook::low_level::unregister(hook);
    }
    shown
}

fn feed(pager: &mut Command, text: &str) -> io::Result<bool> {
    let mut child = match pager.stdin(Stdio::piped()).spawn() {
        Ok(child) => child,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    let written = child.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(text.as_bytes()));
    let status = child.wait()?;
    match written {
        // 127: the shell did not find it. It says so itself.
        _ if status.code() == Some(127) => Ok(false),
        // Left before the end was read.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(true),
        written => written.map(|()| true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(wish: Option<&str>, expect: Option<&[&str]>) {
        let command = pager(wish.map(OsString::from));
        let words = command.map(|command| {
            let arguments = command.get_args().map(|word| word.to_string_lossy().into_owned());
            let program = command.get_program().to_string_lossy().into_owned();
            std::iter::once(program).chain(arguments).collect::<Vec<_>>()
        });
        let expect = expect.map(|words| words.iter().map(|&word| word.to_owned()).collect());
        assert_eq!(words, expect, "{wish:?}");
    }

    #[test]
    fn the_pager_is_the_one_that_is_wished_for() {
        check(None, Some(&["less"]));
        check(Some("more -s"), Some(&["sh", "-c", "more -s"]));
        check(Some(""), None);
        check(Some("cat"), None);
    }

    #[test]
    fn one_that_is_missing_or_leaves_early_is_no_error() {
        let shell = |line: &str| pager(Some(line.into())).unwrap();
        let long = "x\n".repeat(1 << 20);
        assert!(feed(&mut shell("exit 0"), &long).unwrap());
        assert!(!feed(&mut shell("exec 2>/dev/null; no_such_pager_at_all"), &long).unwrap());
        assert!(!feed(&mut Command::new("/no/such/pager"), &long).unwrap());
        let all = feed(&mut shell("test $(wc -l) = 1048576 || exit 127"), &long).unwrap();
        assert!(all, "all of it was read");
    }
}
