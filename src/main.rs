//! The program `gxv2mqtt`.

use std::process::ExitCode;

use gxv2mqtt::{cli, program};

fn main() -> ExitCode {
    match cli::parse(std::env::args_os()) {
        Ok(subcommand) => program::run(subcommand),
        Err(code) => code,
    }
}
