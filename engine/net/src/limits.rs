//! What strangers may make the process hold, each limit with a name.

use std::time::Duration;

/// Limits of one listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at one time that are not WebSockets; one more is closed.
    pub connections_max: usize,
    /// Bytes of a request's line and headers, from 8 KiB on; one with more is answered 431.
    pub header_bytes_max: usize,
    /// How long a request's headers may take; a connection slower than that, or one that asks
    /// nothing for so long, is closed.
    pub header_time: Duration,
    /// WebSocket clients at one time; one more is answered 503.
    pub clients_max: usize,
    /// Bytes of one message from a client; a longer one ends its connection.
    pub message_bytes_max: usize,
    /// Messages from one client in a second, pings counted; one more ends its connection.
    pub messages_max: usize,
    /// How long one message to a client may take; a client slower than that is closed with 1013.
    pub slow: Duration,
    /// How long clients are waited for that have not everything yet when the pipeline has ended.
    pub drain: Duration,
    /// How long a closing connection may take to say goodbye.
    pub farewell: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 1_024,
            header_bytes_max: 16 << 10,
            header_time: Duration::from_secs(10),
            clients_max: 256,
            message_bytes_max: 64 << 10,
            messages_max: 100,
            slow: Duration::from_secs(30),
            drain: Duration::from_secs(5),
            farewell: Duration::from_secs(3),
        }
    }
}
