//! `ferret man`: the manual page, in roff, made from the command line's own description.

use crate::args::Cli;
use anyhow::Context as _;
use clap::CommandFactory as _;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `ferret man`.
#[derive(Debug, clap::Args)]
#[command(after_help = "To read it at once:  ferret man | man -l -")]
pub(crate) struct ManArgs {
    /// Write ferret.1, ferret-watch.1, … into this folder instead of one page to stdout.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

/// Prints or writes the pages.
pub(crate) fn run(args: &ManArgs) -> anyhow::Result<ExitCode> {
    let mut command = Cli::command();
    command.build();
    if let Some(folder) = &args.out {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("making the folder {}", folder.display()))?;
        clap_mangen::generate_to(command, folder)
            .with_context(|| format!("writing manual pages into {}", folder.display()))?;
    } else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command).render(&mut page)?;
        io::stdout().write_all(&page)?;
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_gets_one_page_for_each_command() {
        let folder = tempfile::tempdir().unwrap();
        run(&ManArgs { out: Some(folder.path().join("man1")) }).unwrap();
        for page in ["ferret.1", "ferret-man.1", "ferret-completions.1"] {
            let text = std::fs::read_to_string(folder.path().join("man1").join(page)).unwrap();
            assert!(text.contains(".TH"), "{page}");
        }
    }
}
