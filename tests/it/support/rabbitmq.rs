//! `RabbitMQ`, as the rig has it: another program's idea of MQTT 5. It sends nothing that was retained to a subscription with
//! wildcards.

use std::net::SocketAddr;
use std::process::Stdio;

use tokio::process::Command;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::timeout;

use super::recorder::DEADLINE;

/// The one server there is: who has taken it has it alone.
static TURN: Mutex<()> = Mutex::const_new(());

/// The server, while a story has it.
pub(crate) struct RabbitMq {
    pub(crate) address: SocketAddr,
    _turn: MutexGuard<'static, ()>,
}

impl RabbitMq {
    /// Waits until no other story has it, and starts it unless it runs.
    pub(crate) async fn take() -> Self {
        let turn = TURN.lock().await;
        let rabbitmq = Self { address: ([127, 0, 0, 1], 11884).into(), _turn: turn };
        if tokio::net::TcpStream::connect(rabbitmq.address).await.is_err() {
            rabbitmq.start().await;
        }
        rabbitmq
    }

    /// Starts it, and waits until it listens.
    pub(crate) async fn start(&self) {
        self.script("up").await;
    }

    /// Stops it, and waits until it listens no longer; it keeps what was retained.
    pub(crate) async fn stop(&self) {
        self.script("down").await;
        let closed = async {
            while tokio::net::TcpStream::connect(self.address).await.is_ok() {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        };
        timeout(DEADLINE, closed).await.expect("RabbitMQ stops");
    }

    async fn script(&self, word: &str) {
        let mut script = Command::new("../shared/rig/rabbitmq.sh");
        script.arg(word).stdin(Stdio::null()).stdout(Stdio::null());
        let status = timeout(DEADLINE, script.status()).await.expect("it answers in time");
        assert!(status.expect("the rig is there").success(), "rabbitmq.sh {word}");
    }
}
