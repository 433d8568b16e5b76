//! A proxy before a real server, so that the faults of [`Fault`](super::sink::Fault) can be tried on it.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::Arc,
};

use super::sink::{Received, Receiver, Sink};

/// Hands each request to a server, to the byte, and its answer back.
struct Upstream(SocketAddr);

impl Receiver for Upstream {
    fn act(&self, request: &Received) -> Vec<u8> {
        let mut answer = Vec::new();
        let mut server = TcpStream::connect(self.0).expect("reach the server behind the proxy");
        server.write_all(&request.bytes).expect("hand on the request");
        server
            .read_to_end(&mut answer)
            .expect("read the answer to its end");
        answer
    }
}

/// Starts a proxy before the server at `address`.
///
/// # What it cannot show
/// It reads a request whole before it hands it on, and an answer whole before it gives it back: a server that acts on
/// half a request is not seen. It needs senders that ask for the connection to be closed, as ours do.
pub(crate) fn before(address: SocketAddr) -> Sink {
    Sink::start(Arc::new(Upstream(address)))
}
