//! Ports that are known before somebody listens there.

use std::net::SocketAddr;

use tokio::net::TcpSocket;

/// A port on loopback that is kept for one server for as long as this lives, also while that server is restarted.
///
/// It is bound, but nobody listens there: that leaves it to a server that reuses addresses, as all of ours do, and keeps
/// it from everybody who asks for any free port. Until the server listens, connections are refused.
pub(crate) struct Port {
    pub(crate) address: SocketAddr,
    /// Elsewhere than on Linux two sockets can't have one address, so that the port is only likely to be free.
    _kept: Option<TcpSocket>,
}

impl Port {
    pub(crate) fn reserve() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        let address = socket.local_addr().unwrap();
        Self { address, _kept: cfg!(target_os = "linux").then_some(socket) }
    }
}

#[tokio::test]
async fn a_reserved_port_is_left_to_who_knows_it() {
    let port = Port::reserve();
    let refused = tokio::net::TcpStream::connect(port.address).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    for _ in 0..2 {
        drop(tokio::net::TcpListener::bind(port.address).await.unwrap());
    }
}
