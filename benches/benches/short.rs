//! `cargo bench -p benches`: the short form, in the program itself, whose children are itself.

use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    // Cargo's own arguments (`--bench`) are not for it.
    match Command::new(env!("CARGO_BIN_EXE_benches")).arg("short").status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("running the benchmarks: {error}");
            ExitCode::FAILURE
        }
    }
}
