//! A simulated phone, and the web server that may stand in front of it.

use std::io;
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;

use gxv2mqtt::simulator::{Profile, Simulator};
use tempfile::TempDir;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::port::Port;
use super::process::Process;

/// The web server that requests to a phone pass. Real phones have one of this kind in front of their scripts, with
/// opinions of its own about HTTP: here it is as strict as it comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Front {
    /// The simulator's own.
    Simulator,
    Lighttpd,
    Nginx,
}

/// A simulated phone: all that the simulator can, with its web server, which ends with the last clone.
#[derive(Clone)]
pub(crate) struct Phone {
    simulator: Simulator,
    front: Option<Arc<WebServer>>,
}

struct WebServer {
    port: Port,
    process: Mutex<Process>,
    _folder: TempDir,
}

impl Deref for Phone {
    type Target = Simulator;

    fn deref(&self) -> &Simulator {
        &self.simulator
    }
}

impl Phone {
    pub(crate) async fn start(front: Front, profile: Profile, stop: &CancellationToken) -> Self {
        let simulator = Simulator::start(([127, 0, 0, 1], 0).into(), profile, stop.clone());
        let simulator = simulator.await.unwrap();
        let front = match front {
            Front::Simulator => None,
            Front::Lighttpd => Some(WebServer::lighttpd(simulator.address()).await),
            Front::Nginx => Some(WebServer::nginx(simulator.address()).await),
        };
        Self { simulator, front: front.map(Arc::new) }
    }

    /// Returns where clients find it.
    pub(crate) fn address(&self) -> SocketAddr {
        self.front.as_ref().map_or(self.simulator.address(), |front| front.port.address)
    }

    /// Pulls the plug, of its web server too.
    pub(crate) async fn unplug(&self) {
        if let Some(front) = &self.front {
            front.process.lock().await.kill().await;
        }
        self.simulator.unplug().await;
    }

    /// Puts the plug in again.
    pub(crate) async fn plug_in(&self) -> io::Result<()> {
        self.simulator.plug_in().await?;
        if let Some(front) = &self.front {
            front.process.lock().await.restart().await;
        }
        Ok(())
    }
}

impl WebServer {
    async fn lighttpd(target: SocketAddr) -> Self {
        let text = |listen: SocketAddr, folder: &str| {
            format!(
                "server.bind = \"{}\"
                 server.port = {}
                 server.document-root = \"{folder}\"
                 server.modules = (\"mod_proxy\")
                 proxy.server = (\"\" => ((\"host\" => \"{}\", \"port\" => {})))",
                listen.ip(),
                listen.port(),
                target.ip(),
                target.port(),
            )
        };
        Self::start("/usr/sbin/lighttpd", &["-D", "-f"], text, |line| {
            line.contains("server started")
        })
        .await
    }

    async fn nginx(target: SocketAddr) -> Self {
        // one process, so that nothing is left when it is killed
        let text = |listen: SocketAddr, folder: &str| {
            format!(
                "daemon off; master_process off; pid {folder}/pid; error_log stderr notice; events {{}}
                 http {{
                   access_log off;
                   client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
                   fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
                   scgi_temp_path {folder}/scgi;
                   server {{ listen {listen}; location / {{ proxy_pass http://{target}; }} }}
                 }}"
            )
        };
        Self::start("/usr/sbin/nginx", &["-e", "stderr", "-c"], text, |line| {
            line.ends_with("event method")
        })
        .await
    }

    async fn start(
        program: &str,
        arguments: &[&str],
        text: impl Fn(SocketAddr, &str) -> String,
        ready: fn(&str) -> bool,
    ) -> Self {
        let (port, folder) = (Port::reserve(), tempfile::tempdir().unwrap());
        let file = folder.path().join("server.conf");
        std::fs::write(&file, text(port.address, folder.path().to_str().unwrap())).unwrap();
        let file = file.into_os_string();
        let arguments = arguments.iter().map(Into::into).chain([file]);
        let process = Process::start(program, arguments, ready).await;
        Self { port, process: Mutex::new(process), _folder: folder }
    }
}
