//! What lies between a client and its server: a connection that can be cut, held up, refused, or
//! led to another server.

use std::io::Result;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Open,
    /// Nothing of the server reaches the client.
    Held,
    /// Nobody gets through.
    Shut,
}

#[derive(Clone, Copy)]
struct State {
    server: SocketAddr,
    flow: Flow,
    cuts: u64,
}

/// Forwards connections.
pub(super) struct Proxy {
    pub(super) url: String,
    state: watch::Sender<State>,
}

impl Proxy {
    pub(super) async fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}/ws", listener.local_addr().unwrap());
        let (state, watched) = watch::channel(State {
            server,
            flow: Flow::Open,
            cuts: 0,
        });
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if watched.borrow().flow != Flow::Shut {
                    tokio::spawn(forward(client, watched.clone()));
                }
            }
        });
        Self { url, state }
    }

    /// Breaks all connections off.
    pub(super) fn cut(&self) {
        self.state.send_modify(|state| state.cuts += 1);
    }

    /// Holds up what the server sends.
    pub(super) fn hold(&self) {
        self.state.send_modify(|state| state.flow = Flow::Held);
    }

    /// Breaks all connections off and lets none through.
    pub(super) fn shut(&self) {
        self.state.send_modify(|state| {
            state.flow = Flow::Shut;
            state.cuts += 1;
        });
    }

    pub(super) fn open(&self) {
        self.state.send_modify(|state| state.flow = Flow::Open);
    }

    /// Leads new connections to another server.
    pub(super) fn lead_to(&self, server: SocketAddr) {
        self.state.send_modify(|state| state.server = server);
    }
}

async fn forward(mut client: TcpStream, mut state: watch::Receiver<State>) -> Result<()> {
    let State { server, cuts, .. } = *state.borrow();
    let socket = TcpSocket::new_v4()?;
    // Small, so that what is held up waits at the server.
    socket.set_recv_buffer_size(64 << 10)?;
    let mut server = socket.connect(server).await?;
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let mut flow = state.clone();
    let down = async {
        let mut buffer = vec![0; 64 << 10];
        loop {
            let held = flow.wait_for(|state| state.flow != Flow::Held).await;
            drop(held.map_err(std::io::Error::other)?);
            let n = from_server.read(&mut buffer).await?;
            if n == 0 {
                return Ok(0);
            }
            to_client.write_all(&buffer[..n]).await?;
        }
    };
    tokio::select! {
        ended = copy(&mut from_client, &mut to_server) => drop(ended),
        ended = down => drop::<Result<u64>>(ended),
        _ = state.wait_for(|state| state.cuts != cuts) => {}
    }
    Ok(())
}
