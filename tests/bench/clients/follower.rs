//! A client that reads frames and looks at the numbers of their rows, and at little else, so that
//! two thousand of them cost this side little.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What is read at one time.
const READ_BYTES: usize = 16 << 10;
/// What is looked at of a message: all that is before its rows.
const HEAD_BYTES: usize = 150;

/// One client.
#[derive(Debug)]
pub(crate) struct Follower {
    socket: TcpStream,
    /// What was read and not looked at.
    held: Vec<u8>,
    /// The row seen last, by topic.
    last: HashMap<String, u64>,
    /// Messages with rows.
    messages: usize,
}

impl Follower {
    /// Becomes a WebSocket of these topics.
    pub(crate) async fn greet(mut socket: TcpStream, address: SocketAddr, topics: &str) -> Self {
        let request = format!(
            "GET /ws?topics={topics} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        socket
            .write_all(request.as_bytes())
            .await
            .expect("a request");
        let mut held = Vec::new();
        let end = loop {
            if let Some(at) = find(&held, b"\r\n\r\n") {
                break at + 4;
            }
            let n = socket.read_buf(&mut held).await.expect("an answer");
            assert_ne!(n, 0, "{}", String::from_utf8_lossy(&held));
        };
        assert!(
            held.starts_with(b"HTTP/1.1 101 "),
            "{}",
            String::from_utf8_lossy(&held)
        );
        held.drain(..end);
        Self {
            socket,
            held,
            last: HashMap::new(),
            messages: 0,
        }
    }

    /// Reads until it is over and so many messages with rows have come. Panics where some are
    /// missing.
    pub(crate) async fn follow(mut self, over: Arc<AtomicBool>, least: usize) {
        while !over.load(Ordering::Relaxed) || self.messages < least {
            self.look();
            self.held.reserve(READ_BYTES);
            let n = self.socket.read_buf(&mut self.held).await.expect("bytes");
            assert_ne!(n, 0, "the server closed");
        }
    }

    /// Looks at the beginning of a message.
    fn count(&mut self, message: &[u8]) {
        let Some(topic) = text(message, b"\"topic\":\"") else {
            return;
        };
        let last = number(message, b"\"last\":");
        // A snapshot has no first row.
        if let (Some(first), Some(known)) = (number(message, b"\"first\":"), self.last.get(topic)) {
            assert_eq!(first, known + 1, "rows of {topic} are missing");
        }
        self.messages += usize::from(!message.starts_with(b"{\"type\":\"gap\""));
        let last = last.expect("a last row");
        match self.last.get_mut(topic) {
            Some(known) => *known = last,
            None => drop(self.last.insert(topic.to_owned(), last)),
        }
    }

    /// Takes the whole frames that were read.
    fn look(&mut self) {
        let mut at = 0;
        while let Some((head, length)) = framed(&self.held[at..]) {
            let end = at + head + length;
            if self.held.len() < end {
                break;
            }
            let shown = length.min(HEAD_BYTES);
            let message = self.held[at + head..at + head + shown].to_vec();
            at = end;
            self.count(&message);
        }
        self.held.drain(..at);
    }
}

/// Length of a frame's head and of what it says.
fn framed(bytes: &[u8]) -> Option<(usize, usize)> {
    let number = |range| {
        let bytes: &[u8] = bytes.get(range)?;
        Some(bytes.iter().fold(0, |n, byte| n << 8 | usize::from(*byte)))
    };
    match bytes.get(1)? {
        126 => Some((4, number(2..4)?)),
        127 => Some((10, number(2..10)?)),
        length => Some((2, usize::from(*length))),
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|w| w == what)
}

/// The number behind a name.
fn number(message: &[u8], name: &[u8]) -> Option<u64> {
    let at = find(message, name)? + name.len();
    let digits = message[at..].iter().take_while(|b| b.is_ascii_digit());
    Some(digits.fold(0, |n, digit| n * 10 + u64::from(digit - b'0')))
}

/// The text behind a name.
fn text<'a>(message: &'a [u8], name: &[u8]) -> Option<&'a str> {
    let behind = &message[find(message, name)? + name.len()..];
    let end = behind.iter().position(|b| *b == b'"')?;
    std::str::from_utf8(&behind[..end]).ok()
}
