//! One client's connection: its socket, what it is to be sent, and what it asks. News is carried to
//! it by the herald; what takes longer (a snapshot, what it missed, a socket without room, the
//! client's questions, the end) is done by its own task. Both hold the line while they work on it.
//!
//! Frames with rows are written as they are, shared by all clients. The WebSocket library reads
//! what the client says and writes what answers it (pong, close).

use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use axum::body::Bytes;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::Notify;
use tokio::time::timeout;
use tungstenite::Message as Heard;
use tungstenite::error::ProtocolError;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::{CloseFrame, Role, WebSocketConfig, WebSocketContext};
use zaraba_core::error::Error;
use zaraba_net::limits::Limits;
use zaraba_net::stream::Stream;

use crate::websocket::hub::{Ending, Hub, Presence, Traffic};
use crate::websocket::outbox::Outbox;
use crate::websocket::protocol;
use crate::websocket::session::{Ready, Session, Told, Wish};
use crate::websocket::upgrade::Socket;
use crate::websocket::wire::Message;

/// What a client says is read in pieces of this.
const READ_BYTES: usize = 4 << 10;

/// Why a connection ends.
#[derive(Debug)]
enum End {
    /// The pipeline has ended, and the client has everything.
    Done,
    /// The run broke off.
    Failed,
    /// The client did not read for too long.
    Slow,
    /// The client left, with or without a word.
    Gone,
    /// The client does not speak as agreed.
    Wrong(CloseCode, &'static str),
    /// A message could not be made.
    Broken(Error),
}

impl End {
    /// What an error of the WebSocket library means.
    fn of(error: &tungstenite::Error) -> Self {
        use tungstenite::Error::{Capacity, Protocol, Utf8};
        match error {
            Capacity(_) => Self::Wrong(CloseCode::Size, "the message is too long"),
            Utf8(_) => Self::Wrong(CloseCode::Invalid, "a text that is not UTF-8"),
            Protocol(ProtocolError::ResetWithoutClosingHandshake) => Self::Gone,
            Protocol(_) => Self::Wrong(CloseCode::Protocol, "a frame that is not as agreed"),
            _ => Self::Gone,
        }
    }
}

/// A client, as its task and the herald share it.
#[derive(Debug)]
pub(crate) struct Client {
    /// None: it is going away.
    line: Mutex<Option<Line>>,
    /// The heart has beaten: the watermark is to be told.
    beat: AtomicBool,
    /// There is work for the client's own task.
    work: Notify,
}

/// One round of the herald's.
pub(crate) struct Round<'a> {
    pub(crate) cx: Context<'a>,
    /// The watermark is due.
    pub(crate) beats: bool,
    /// There is no more to come.
    pub(crate) ended: bool,
    told: Told,
    /// Rows, and the same with the watermark behind them: most clients get the same two, and so one
    /// piece instead of two.
    joined: Option<(Bytes, Bytes)>,
    messages: u64,
    bytes: u64,
}

impl<'a> Round<'a> {
    /// Nobody is woken by a socket that has room again: that is the client's own task.
    pub(crate) fn new(beats: bool, ended: bool) -> Self {
        Self {
            cx: Context::from_waker(Waker::noop()),
            beats,
            ended,
            told: Told::default(),
            joined: None,
            messages: 0,
            bytes: 0,
        }
    }

    fn count(&mut self, message: &Message) {
        self.messages += 1;
        self.bytes += message.payload().len() as u64;
    }

    fn joined(&mut self, rows: Bytes, watermark: &Message) -> Bytes {
        let watermark = watermark.bytes();
        if let Some((known, both)) = &self.joined
            && known.as_ptr() == rows.as_ptr()
            && both.ends_with(watermark)
            && both.len() == rows.len() + watermark.len()
        {
            return both.clone();
        }
        let both = Bytes::from([rows.as_ref(), watermark.as_ref()].concat());
        self.joined = Some((rows, both.clone()));
        both
    }

    /// Counts what was sent.
    pub(crate) fn end(self, traffic: &Traffic) {
        traffic.messages.fetch_add(self.messages, Ordering::Relaxed);
        traffic.bytes.fetch_add(self.bytes, Ordering::Relaxed);
    }
}

#[derive(Debug)]
struct Line {
    socket: Stream,
    /// Reads frames, answers pings, shakes hands at the end.
    ears: Box<WebSocketContext>,
    outbox: Outbox,
    session: Session,
    hub: Arc<Hub>,
    slow: Duration,
    farewell: Duration,
    /// Frames that a client may send between two beats.
    heard_max: usize,
    /// What went wrong while the herald was here.
    broken: Option<Error>,
    /// The last message of the run was put into the outbox.
    complete: bool,
    /// What the client says cannot be understood any more.
    deaf: bool,
    /// Frames that the client has sent since the heart beat last.
    heard: usize,
}

/// Serves a client to its end.
pub(crate) async fn serve(
    socket: Socket,
    hub: Arc<Hub>,
    presence: Presence,
    wish: Wish,
    limits: Limits,
) {
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BYTES)
        .write_buffer_size(0)
        .max_message_size(Some(limits.message_bytes_max))
        .max_frame_size(Some(limits.message_bytes_max));
    let Socket { stream, begun } = socket;
    let ears = WebSocketContext::from_partially_read(begun, Role::Server, Some(config));
    let (session, greeting) = Session::new(Arc::clone(&hub), &wish);
    let mut line = Line {
        socket: stream,
        ears: Box::new(ears),
        outbox: Outbox::default(),
        session,
        hub: Arc::clone(&hub),
        slow: limits.slow,
        farewell: limits.farewell,
        heard_max: limits.messages_max,
        broken: None,
        complete: false,
        deaf: false,
        heard: 0,
    };
    line.say_all(&greeting);
    let client = Arc::new(Client {
        line: Mutex::new(Some(line)),
        beat: AtomicBool::new(false),
        work: Notify::new(),
    });
    hub.bell.join(Arc::clone(&client));
    let end = client.run().await;
    let line = client.line().take();
    if let Some(line) = line {
        line.close(end).await;
    }
    drop(presence);
}

impl Client {
    /// Fetches the memory that [`Client::carry`] will want.
    pub(crate) fn fetch(&self) {
        std::hint::black_box(self.beat.load(Ordering::Relaxed));
    }

    /// Takes what is new to a client that waits for it; its task gets what takes longer. Answers
    /// whether it is still there.
    pub(crate) fn carry(&self, round: &mut Round<'_>) -> bool {
        if round.beats {
            self.beat.store(true, Ordering::Relaxed);
        }
        let carried = match self.line.try_lock() {
            Ok(mut line) => match line.as_mut() {
                Some(line) => line.carry(&self.beat, round),
                None => return false,
            },
            // Its task works on it, and may have looked for news already.
            Err(TryLockError::WouldBlock | TryLockError::Poisoned(_)) => false,
        };
        if !carried || round.ended {
            self.work.notify_one();
        }
        true
    }

    async fn run(&self) -> End {
        loop {
            let line = poll_fn(|cx| match self.line().as_mut() {
                Some(line) => line.poll(cx, &self.beat),
                None => Poll::Ready(End::Gone),
            });
            tokio::select! {
                biased;
                end = line => return end,
                () = self.work.notified() => {}
            }
        }
    }

    fn line(&self) -> MutexGuard<'_, Option<Line>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    /// The herald's part: what is new, and the watermark if it is due. Answers whether that is all
    /// there is to do.
    fn carry(&mut self, beat: &AtomicBool, round: &mut Round<'_>) -> bool {
        if !self.outbox.is_empty() {
            // The task waits for room in the socket, but not for ever.
            return !self.outbox.is_stuck(self.slow);
        }
        let (mut all, mut newest) = (false, None::<Bytes>);
        while !self.outbox.is_full() {
            match self.session.ready() {
                Ok(Ready::Message(message)) => {
                    round.count(&message);
                    let before = newest.replace(message.into_bytes());
                    before.into_iter().for_each(|b| self.outbox.push(b));
                    continue;
                }
                Ok(Ready::Nothing) => all = true,
                Ok(Ready::Other) => {}
                Err(error) => self.broken = Some(error),
            }
            break;
        }
        if beat.load(Ordering::Relaxed) {
            beat.store(false, Ordering::Relaxed);
            self.heard = 0;
            let watermark = self.session.watermark(&mut round.told);
            round.count(&watermark);
            newest = Some(match newest {
                Some(rows) => round.joined(rows, &watermark),
                None => watermark.into_bytes(),
            });
        }
        let Some(newest) = newest else {
            return all;
        };
        if self.outbox.is_empty() {
            match self.socket.write_now(&newest) {
                Ok(n) if n == newest.len() => return all,
                Ok(n) => self.outbox.push_rest(newest, n),
                // Its task finds the same.
                Err(_) => self.outbox.push(newest),
            }
        } else {
            self.outbox.push(newest);
        }
        let wrote = self
            .outbox
            .poll_write(Pin::new(&mut self.socket), &mut round.cx);
        all && matches!(wrote, Poll::Ready(Ok(())))
    }

    /// The task's part: everything, until there is nothing left to do or the client is to go.
    fn poll(&mut self, cx: &mut Context<'_>, beat: &AtomicBool) -> Poll<End> {
        loop {
            match self.outbox.poll_write(Pin::new(&mut self.socket), cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_)) => return Poll::Ready(End::Gone),
                Poll::Pending if self.outbox.is_stuck(self.slow) => {
                    return Poll::Ready(End::Slow);
                }
                Poll::Pending => return Poll::Pending,
            }
            if self.complete {
                return Poll::Ready(End::Done);
            }
            if let Some(error) = self.broken.take() {
                return Poll::Ready(End::Broken(error));
            }
            if let Err(end) = self.hear(cx) {
                return Poll::Ready(end);
            }
            // Looked at before the topics: what was written before the end is then sent before it.
            let ending = self.hub.ending();
            if ending == Ending::Failed {
                return Poll::Ready(End::Failed);
            }
            let mut all = false;
            while !all && !self.outbox.is_full() {
                match self.session.next() {
                    Ok(Some(message)) => self.say(&message),
                    Ok(None) => all = true,
                    Err(error) => return Poll::Ready(End::Broken(error)),
                }
            }
            self.complete = all && ending == Ending::Done;
            let beats = beat.swap(false, Ordering::Relaxed);
            if beats {
                self.heard = 0;
            }
            if beats || self.complete {
                let watermark = self.session.watermark(&mut Told::default());
                self.say(&watermark);
            }
            if self.outbox.is_empty() {
                return Poll::Pending;
            }
        }
    }

    /// Reads and answers what the client says, as long as it takes the answers.
    fn hear(&mut self, cx: &mut Context<'_>) -> Result<(), End> {
        while self.outbox.is_empty() {
            let read = self.read(cx);
            if matches!(read, Poll::Ready(Ok(_))) {
                self.heard += 1;
                if self.heard > self.heard_max {
                    return Err(End::Wrong(
                        CloseCode::Policy,
                        "too many messages in a second",
                    ));
                }
            }
            match read {
                Poll::Pending => break,
                Poll::Ready(Ok(Heard::Text(text))) => {
                    let answers = self.session.answer(&text);
                    self.say_all(&answers);
                }
                Poll::Ready(Ok(Heard::Binary(_))) => {
                    let wrong = protocol::error("expected a text frame, got a binary one");
                    self.say(&Message::text(&wrong));
                }
                Poll::Ready(Ok(Heard::Ping(_) | Heard::Pong(_) | Heard::Frame(_))) => {}
                Poll::Ready(Ok(Heard::Close(_))) => return Err(End::Gone),
                Poll::Ready(Err(error)) => return Err(End::of(&error)),
            }
        }
        Ok(())
    }

    fn read(&mut self, cx: &mut Context<'_>) -> Poll<Result<Heard, tungstenite::Error>> {
        let mut wire = Wire {
            socket: &mut self.socket,
            outbox: &mut self.outbox,
            cx,
        };
        match self.ears.read(&mut wire) {
            Err(tungstenite::Error::Io(e)) if e.kind() == io::ErrorKind::WouldBlock => {
                Poll::Pending
            }
            heard => Poll::Ready(heard),
        }
    }

    fn say_all(&mut self, messages: &[Message]) {
        for message in messages {
            self.say(message);
        }
    }

    fn say(&mut self, message: &Message) {
        let traffic = &self.hub.traffic;
        traffic.messages.fetch_add(1, Ordering::Relaxed);
        let bytes = message.payload().len() as u64;
        traffic.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.outbox.push(message.bytes().clone());
    }

    /// Says why, and waits a little for the client to have heard it.
    async fn close(mut self, end: End) {
        self.goodbye(end);
        let limit = self.farewell;
        drop(timeout(limit, poll_fn(|cx| self.poll_closed(cx))).await);
    }

    /// Leaves nothing to be sent but why it ends.
    fn goodbye(&mut self, end: End) {
        let (code, reason) = match end {
            End::Done => (CloseCode::Normal, "the pipeline has ended"),
            End::Failed => (CloseCode::Error, "the pipeline broke off"),
            End::Slow => {
                self.hub.traffic.too_slow.fetch_add(1, Ordering::Relaxed);
                tracing::warn!("a websocket client read too slowly and was closed");
                (CloseCode::Again, "too slow; connect again")
            }
            End::Broken(error) => {
                tracing::error!(%error, "a websocket message could not be made");
                (CloseCode::Error, "a message could not be made")
            }
            End::Wrong(code, reason) => {
                self.deaf = true;
                (code, reason)
            }
            // One that has said goodbye is answered so; one that broke off hears nothing.
            End::Gone => (CloseCode::Normal, ""),
        };
        self.outbox.cut();
        let frame = CloseFrame {
            code,
            reason: reason.into(),
        };
        let mut wire = Wire {
            socket: &mut self.socket,
            outbox: &mut self.outbox,
            cx: &mut Context::from_waker(Waker::noop()),
        };
        drop(self.ears.close(&mut wire, Some(frame)));
    }

    /// Until the goodbye is sent and answered.
    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if ready!(self.outbox.poll_write(Pin::new(&mut self.socket), cx)).is_err() {
            return Poll::Ready(());
        }
        if !self.deaf {
            while let Ok(_ignored) = ready!(self.read(cx)) {}
            return Poll::Ready(());
        }
        // A socket that is closed with something unread takes back what was sent.
        let mut ignored = [0; READ_BYTES];
        loop {
            let mut buffer = ReadBuf::new(&mut ignored);
            let read = ready!(Pin::new(&mut self.socket).poll_read(cx, &mut buffer));
            if read.is_err() || buffer.filled().is_empty() {
                return Poll::Ready(());
            }
        }
    }
}

/// The socket as the WebSocket library sees it: what it writes waits its turn.
struct Wire<'a, 'c> {
    socket: &'a mut Stream,
    outbox: &'a mut Outbox,
    cx: &'a mut Context<'c>,
}

impl Read for Wire<'_, '_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut buffer = ReadBuf::new(into);
        match Pin::new(&mut *self.socket).poll_read(self.cx, &mut buffer) {
            Poll::Ready(read) => read.map(|()| buffer.filled().len()),
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

impl Write for Wire<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.outbox.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
