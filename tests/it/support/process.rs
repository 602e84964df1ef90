//! Servers that nobody here wrote, each a process of its own.

use std::ffi::OsString;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::recorder::DEADLINE;

/// A server that runs; it is killed when this is dropped.
pub(crate) struct Process {
    program: OsString,
    arguments: Vec<OsString>,
    ready: fn(&str) -> bool,
    child: Child,
}

impl Process {
    /// Starts a server, and waits until it logs a line (to standard error) by which it is ready.
    pub(crate) async fn start(
        program: impl Into<OsString>,
        arguments: impl IntoIterator<Item = impl Into<OsString>>,
        ready: fn(&str) -> bool,
    ) -> Self {
        let program = program.into();
        let arguments: Vec<_> = arguments.into_iter().map(Into::into).collect();
        let child = spawn(&program, &arguments, ready).await;
        Self { program, arguments, ready, child }
    }

    /// Ends it at once, as a crash would.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Starts it again after it was killed.
    pub(crate) async fn restart(&mut self) {
        self.child = spawn(&self.program, &self.arguments, self.ready).await;
    }
}

async fn spawn(program: &OsString, arguments: &[OsString], ready: fn(&str) -> bool) -> Child {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let child = command.kill_on_drop(true).spawn();
    let mut child =
        child.unwrap_or_else(|error| panic!("{} is not there: {error}", program.display()));
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut log = String::new();
    let said = async {
        while let Ok(Some(line)) = lines.next_line().await {
            log.push_str(&line);
            log.push('\n');
            if ready(&line) {
                return true;
            }
        }
        false
    };
    let is_ready = timeout(DEADLINE, said).await.unwrap_or(false);
    assert!(is_ready, "{} {arguments:?} does not come up: {log}", program.display());
    // what it logs later is of no interest, but has to go somewhere
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    child
}
