//! `pipeline convert-model`.

use std::io::Write;
use std::process::ExitCode;

use pipeline::models::convert::convert;

use crate::cli::ConvertModelArgs;

/// Convert a model.
pub(crate) fn convert_model(
    args: &ConvertModelArgs,
    out: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    convert(&args.from, &args.to)?;
    writeln!(out, "{} is written", args.to.display())?;
    Ok(ExitCode::SUCCESS)
}
