//! The program `gxv2mqtt`.

use std::process::ExitCode;

use gxv2mqtt::{cli, program};

fn main() -> ExitCode {
    match cli::parse(std::env::args_os()) {
        Ok(call) => program::run(call),
        Err(code) => code,
    }
}
