//! The phone's network socket: listens, and can be pulled out and put back on the same port, with every connection cut.

use std::{io, net::SocketAddr, time::Duration};

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    select,
    task::{JoinHandle, JoinSet},
    time::sleep,
};
use tokio_util::sync::CancellationToken;

/// Pause after a connection that could not be accepted, as when files run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
const BACKLOG: u32 = 128;

/// The connection that a request came over.
#[derive(Clone, Debug, Default)]
pub(super) struct Connection(CancellationToken);

impl Connection {
    /// Resets it (RST): the client sees no orderly end.
    pub(super) fn reset(&self) {
        self.0.cancel();
    }
}

/// The socket in the wall.
#[derive(Debug)]
pub(super) enum Socket {
    /// The phone can be reached.
    Listening { cut: CancellationToken, task: JoinHandle<()> },
    /// Connections are refused; the port stays ours.
    Unplugged(Option<TcpSocket>),
}

impl Socket {
    /// Begins to listen.
    pub(super) fn listening(
        listener: TcpListener,
        router: Router,
        stop: &CancellationToken,
    ) -> Self {
        let cut = stop.child_token();
        let task = tokio::spawn(serve(listener, router, cut.clone()));
        Self::Listening { cut, task }
    }

    /// Cuts all connections and refuses new ones; returns when that is so.
    pub(super) async fn unplug(&mut self, address: SocketAddr) {
        if let Self::Listening { cut, task } = self {
            cut.cancel();
            // It only ends by the cut: there is no error to tell.
            drop(task.await);
            *self = Self::Unplugged(bound(address).ok());
        }
    }

    /// Listens again where it listened before.
    pub(super) fn plug_in(
        &mut self,
        address: SocketAddr,
        router: Router,
        stop: &CancellationToken,
    ) -> io::Result<()> {
        if let Self::Unplugged(kept) = self {
            drop(kept.take());
            let listener = bound(address)?.listen(BACKLOG)?;
            *self = Self::listening(listener, router, stop);
        }
        Ok(())
    }
}

fn bound(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// Listens at an address, port 0 for any that is free.
pub(super) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    bound(address)?.listen(BACKLOG)
}

async fn serve(listener: TcpListener, router: Router, cut: CancellationToken) {
    let mut connections = JoinSet::new();
    loop {
        select! {
            () = cut.cancelled() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(connections.spawn(converse(stream, router.clone()))),
                Err(_) => sleep(ACCEPT_PAUSE).await,
            },
        }
    }
    drop(listener);
    connections.shutdown().await;
}

async fn converse(stream: TcpStream, router: Router) {
    let own = Connection::default();
    let service = TowerToHyperService::new(router.layer(Extension(own.clone())));
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    select! {
        ended = &mut connection => if let Err(error) = ended {
            tracing::trace!(%error, "connection ended early");
        },
        () = own.0.cancelled() => {
            let stream = connection.into_parts().io.into_inner();
            if let Err(error) = stream.set_zero_linger() {
                tracing::debug!(%error, "connection is closed, not reset");
            }
        }
    }
}
