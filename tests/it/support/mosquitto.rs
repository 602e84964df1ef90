//! A real Mosquitto in a container; what it carries is read with its own `mosquitto_sub`.

use std::net::SocketAddr;
use std::process::Stdio;

use testcontainers::core::{IntoContainerPort as _, WaitFor};
use testcontainers::runners::AsyncRunner as _;
use testcontainers::{ContainerAsync, GenericImage, ImageExt as _};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::port::Port;
use super::recorder::{DEADLINE, Heard, Recorder};

/// A Mosquitto; it is removed when this is dropped.
pub(crate) struct Mosquitto {
    container: ContainerAsync<GenericImage>,
    pub(crate) address: SocketAddr,
    _port: Port,
}

impl Mosquitto {
    /// Starts one, on a port that stays over its restarts.
    pub(crate) async fn start() -> Self {
        let port = Port::reserve();
        let container = GenericImage::new("eclipse-mosquitto", "2")
            .with_wait_for(WaitFor::message_on_either_std(" running"))
            .with_mapped_port(port.address.port(), 1883.tcp())
            .with_cmd(["mosquitto", "-c", "/mosquitto-no-auth.conf"])
            .start()
            .await
            .unwrap();
        Self { container, address: port.address, _port: port }
    }

    /// Ends it at once, as a crash would; retained messages are lost.
    pub(crate) async fn kill(&self) {
        self.docker(&["kill", self.container.id()]).await;
    }

    /// Starts it again.
    pub(crate) async fn restart(&self) {
        self.docker(&["start", self.container.id()]).await;
    }

    fn client(&self, program: &str) -> Command {
        let mut command = Command::new("docker");
        command.args(["exec", "-i", self.container.id(), program, "-V", "5", "-q", "1"]);
        command
    }

    async fn docker(&self, arguments: &[&str]) {
        let done = Command::new("docker").args(arguments).output().await.unwrap();
        assert!(done.status.success(), "{done:?}");
    }

    /// Listens to everything with `mosquitto_sub`, from now on.
    pub(crate) fn listen(&self) -> (Recorder, Child) {
        let mut child = self
            .client("mosquitto_sub")
            .args(["--retain-as-published", "-t", "#", "-F", "%r %t %p"])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let (recorder, sender) = Recorder::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).split(b'\n');
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_segment().await {
                let line = String::from_utf8_lossy(&line);
                let mut parts = line.splitn(3, ' ');
                let mut part = || parts.next().unwrap_or_default().to_owned();
                let retained = part() == "1";
                let heard = Heard { retained, topic: part(), payload: part() };
                sender.send_modify(|all| all.push(heard));
            }
        });
        (recorder, child)
    }

    /// Publishes a message with `mosquitto_pub`.
    pub(crate) async fn publish(&self, topic: &str, payload: &[u8], retain: bool) {
        let mut command = self.client("mosquitto_pub");
        let from = if payload.is_empty() { "-n" } else { "-s" };
        command.args(["-t", topic, from]).args(retain.then_some("-r"));
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(payload).await.unwrap();
        drop(input);
        let ended = timeout(DEADLINE, child.wait()).await.unwrap().unwrap();
        assert!(ended.success());
    }
}
