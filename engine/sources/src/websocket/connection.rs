//! One connection: opened within a time, read message by message. The socket's reads end after a
//! short while, so that pings go out, a silent connection is noticed and a stop is heard; how long
//! is long is told by the injected clock.

use std::io::ErrorKind;
use std::net::{TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::Duration;

use tungstenite::client::IntoClientRequest as _;
use tungstenite::error::CapacityError;
use tungstenite::handshake::HandshakeError;
use tungstenite::handshake::client::Request;
use tungstenite::protocol::WebSocketConfig;
use tungstenite::stream::MaybeTlsStream;
use tungstenite::{Error, Message, WebSocket, client_tls_with_config};
use zaraba_config::captures::fill;
use zaraba_config::document::WebsocketDoc;
use zaraba_core::clock::Clock;
use zaraba_core::time::{ClockTime, SECOND};

use crate::http::{escaped, refused, shown, wrong};
use crate::requests::{Captured, header};
use crate::threaded::{Failure, Tell};

/// How long a read waits for bytes before the clock is looked at.
const READ_TIME: Duration = Duration::from_millis(100);

/// An open connection.
pub(super) struct Connection {
    socket: WebSocket<MaybeTlsStream<TcpStream>>,
    /// What messages call it.
    name: String,
    clock: Arc<dyn Clock>,
    /// Microseconds from ping to ping, and of silence after which it is lost.
    ping: i64,
    timeout: i64,
    max_size: u64,
    /// When something came last, and when we asked.
    heard: ClockTime,
    pinged: ClockTime,
}

impl Connection {
    /// Opens it.
    pub(super) fn open(
        doc: &WebsocketDoc,
        captured: &Captured,
        clock: &Arc<dyn Clock>,
        tell: &Tell,
    ) -> Result<Self, Failure> {
        let name = shown(&doc.url.value).to_owned();
        let failed = |what: &str| Failure::of(wrong(&name, what));
        let limit = ClockTime(clock.now().0.saturating_add(doc.connect_timeout));
        let request = request(doc, captured).map_err(|e| failed(&e))?;
        let stream = dial(&request, doc.connect_timeout).map_err(|e| failed(&e))?;
        let size = usize::try_from(doc.max_size).unwrap_or(usize::MAX);
        let config = WebSocketConfig::default()
            .max_message_size(Some(size))
            .max_frame_size(Some(size));
        let mut shaken = client_tls_with_config(request, stream, Some(config), None);
        let socket = loop {
            match shaken {
                Ok((socket, _)) => break socket,
                Err(HandshakeError::Interrupted(half)) => {
                    if tell.gone() || clock.now() >= limit {
                        let seconds = doc.connect_timeout as f64 / SECOND as f64;
                        let message = format!("the connection was not open within {seconds} s");
                        return Err(failed(&message));
                    }
                    shaken = half.handshake();
                }
                Err(HandshakeError::Failure(Error::Http(answer))) => {
                    let body = answer.body().as_deref().unwrap_or_default();
                    let (status, headers) = (answer.status(), answer.headers());
                    return Err(refused(&name, status, headers, body, clock.now()));
                }
                Err(HandshakeError::Failure(error)) => {
                    return Err(failed(&why(&error, doc.max_size)));
                }
            }
        };
        let now = clock.now();
        Ok(Self {
            socket,
            name,
            clock: Arc::clone(clock),
            ping: doc.ping,
            timeout: doc.timeout,
            max_size: doc.max_size,
            heard: now,
            pinged: now,
        })
    }

    /// Sends a text.
    pub(super) fn say(&mut self, text: String) -> Result<(), Failure> {
        let sent = self.socket.send(Message::text(text));
        sent.map_err(|e| self.failed(&why(&e, self.max_size)))
    }

    /// The next message; none if nobody listens any more.
    pub(super) fn next(&mut self, tell: &Tell) -> Result<Option<Vec<u8>>, Failure> {
        // While the pipeline did not take the last one, nobody listened: that was no silence.
        self.heard = self.clock.now();
        while !tell.gone() {
            let message = match self.socket.read() {
                Ok(message) => message,
                Err(error) if is_patient(&error) => {
                    self.mind_the_time()?;
                    continue;
                }
                Err(error) => return Err(self.failed(&why(&error, self.max_size))),
            };
            self.heard = self.clock.now();
            match message {
                Message::Text(text) => return Ok(Some(text.as_bytes().to_vec())),
                Message::Binary(bytes) => return Ok(Some(bytes.to_vec())),
                Message::Close(frame) => {
                    let _ = self.socket.flush(); // Our answer to it; nothing follows.
                    let said = frame.map_or_else(String::new, |frame| {
                        let code = u16::from(frame.code);
                        let reason = frame.reason.as_str();
                        let joint = if reason.is_empty() { "" } else { ": " };
                        format!(" with code {code}{joint}{reason}")
                    });
                    return Err(self.failed(&format!("the server closed the connection{said}")));
                }
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {
                    tell.well();
                    self.mind_the_time()?;
                }
            }
        }
        let _ = self.socket.close(None); // A farewell; whether it arrives does not matter.
        Ok(None)
    }

    /// Asks for a sign of life when it is time to, and notices when none came.
    fn mind_the_time(&mut self) -> Result<(), Failure> {
        let now = self.clock.now();
        if now.0 >= self.heard.0.saturating_add(self.timeout) {
            let seconds = self.timeout as f64 / SECOND as f64;
            let message = format!("nothing came for {seconds} s, not even an answer to a ping");
            return Err(self.failed(&message));
        }
        if now.0 < self.pinged.0.saturating_add(self.ping) {
            return Ok(());
        }
        self.pinged = now;
        match self.socket.send(Message::Ping(Vec::new().into())) {
            Err(error) if !is_patient(&error) => Err(self.failed(&why(&error, self.max_size))),
            _ => Ok(()),
        }
    }

    fn failed(&self, what: &str) -> Failure {
        Failure::of(wrong(&self.name, what))
    }
}

/// The request that opens it.
fn request(doc: &WebsocketDoc, captured: &Captured) -> Result<Request, String> {
    let url = fill(&doc.url.value, captured, escaped);
    let mut request = url.into_client_request().map_err(|e| e.to_string())?;
    for (name, value) in &doc.headers {
        let (name, value) = header(name, value, captured)?;
        request.headers_mut().append(name, value);
    }
    Ok(request)
}

/// A connection to the host of a request.
fn dial(request: &Request, timeout: i64) -> Result<TcpStream, String> {
    let uri = request.uri();
    let host = uri.host().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let port = match uri.scheme_str() {
        Some("wss") => 443,
        _ => 80,
    };
    let port = uri.port_u16().unwrap_or(port);
    let timeout = Duration::from_micros(u64::try_from(timeout).unwrap_or(0));
    let addresses = (host, port).to_socket_addrs().map_err(|e| e.to_string())?;
    let mut failed = "its name has no address".to_owned();
    for address in addresses {
        match TcpStream::connect_timeout(&address, timeout) {
            Ok(stream) => {
                let set = stream
                    .set_nodelay(true)
                    .and_then(|()| stream.set_read_timeout(Some(READ_TIME)))
                    .and_then(|()| stream.set_write_timeout(Some(timeout)));
                return set.map(|()| stream).map_err(|e| e.to_string());
            }
            Err(error) => failed = format!("{address}: {error}"),
        }
    }
    Err(failed)
}

/// Whether a read only ended because nothing came yet.
fn is_patient(error: &Error) -> bool {
    let waits = [
        ErrorKind::WouldBlock,
        ErrorKind::TimedOut,
        ErrorKind::Interrupted,
    ];
    matches!(error, Error::Io(e) if waits.contains(&e.kind()))
}

/// What went wrong, in our words where the library's do not say it.
fn why(error: &Error, max_size: u64) -> String {
    match error {
        Error::Capacity(CapacityError::MessageTooLong { size, .. }) => {
            format!("expected a message of at most {max_size} bytes (`max_size`), got {size}")
        }
        Error::Utf8(_) => "expected a text in UTF-8, got other bytes".to_owned(),
        Error::ConnectionClosed | Error::AlreadyClosed => "the connection is closed".to_owned(),
        Error::Io(e) if e.kind() == ErrorKind::UnexpectedEof => "the connection is lost".to_owned(),
        Error::Protocol(e) => format!("the connection is lost: {e}"),
        Error::Io(e) => e.to_string(),
        other => other.to_string(),
    }
}
