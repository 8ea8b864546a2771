//! One client's socket: moves what the session has to say, the heartbeat and the client's
//! questions, and ends the connection with the code that tells why.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};
use zaraba_core::error::Error;
use zaraba_net::limits::Limits;

use crate::websocket::hub::{Ending, Hub, News, Presence};
use crate::websocket::protocol;
use crate::websocket::session::{Session, Wish};

/// How often a client hears the watermark.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// Why a connection ends.
#[derive(Debug)]
enum End {
    /// The pipeline has ended, and the client has everything.
    Done,
    /// The run broke off.
    Failed,
    /// The client did not read for too long.
    Slow,
    /// The client left.
    Gone,
    /// A message could not be made.
    Broken(Error),
}

/// A client's connection.
struct Connection {
    socket: WebSocket,
    session: Session,
    hub: Arc<Hub>,
    bell: watch::Receiver<News>,
    heartbeat: Interval,
    limits: Limits,
}

/// Serves a client to its end.
pub(crate) async fn serve(
    socket: WebSocket,
    hub: Arc<Hub>,
    presence: Presence,
    wish: Wish,
    limits: Limits,
) {
    let mut heartbeat = interval(HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    heartbeat.reset(); // the first one is due in a second, not at once
    let bell = hub.listen();
    let (session, greeting) = Session::new(Arc::clone(&hub), &wish);
    let mut connection = Connection {
        socket,
        session,
        hub,
        bell,
        heartbeat,
        limits,
    };
    let end = match connection.send_all(greeting).await {
        Ok(()) => connection.run().await,
        Err(end) => end,
    };
    connection.close(end).await;
    drop(presence);
}

impl Connection {
    async fn run(&mut self) -> End {
        loop {
            if let Err(end) = self.turn().await {
                return end;
            }
        }
    }

    /// Sends the next message, or waits for news, a question or the heartbeat.
    async fn turn(&mut self) -> Result<(), End> {
        // Looked at before the topics: what was written before the end is then sent before it.
        let ending = self.bell.borrow_and_update().ending;
        if ending == Ending::Failed {
            return Err(End::Failed);
        }
        let next = self.session.next().map_err(End::Broken)?;
        let idle = next.is_none();
        if let Some(message) = next {
            self.send(message).await?;
        } else if ending == Ending::Done {
            self.send(self.session.watermark()).await?;
            return Err(End::Done);
        }
        tokio::select! {
            biased;
            _ = self.heartbeat.tick() => self.send(self.session.watermark()).await,
            asked = self.socket.recv() => self.asked(asked).await,
            () = std::future::ready(()), if !idle => Ok(()),
            changed = self.bell.changed(), if idle => changed.map_err(|_| End::Failed),
        }
    }

    async fn asked(&mut self, asked: Option<Result<Message, axum::Error>>) -> Result<(), End> {
        match asked {
            Some(Ok(Message::Text(text))) => {
                let answers = self.session.answer(&text);
                self.send_all(answers).await
            }
            Some(Ok(Message::Binary(_))) => {
                let wrong = protocol::error("expected a text frame, got a binary one");
                self.send(Message::text(wrong)).await
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(()),
            Some(Ok(Message::Close(_)) | Err(_)) | None => Err(End::Gone),
        }
    }

    async fn send_all(&mut self, messages: Vec<Message>) -> Result<(), End> {
        for message in messages {
            self.send(message).await?;
        }
        Ok(())
    }

    async fn send(&mut self, message: Message) -> Result<(), End> {
        let bytes = match &message {
            Message::Text(text) => text.len(),
            Message::Binary(bytes) => bytes.len(),
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) => 0,
        };
        match timeout(self.limits.slow, self.socket.send(message)).await {
            Ok(Ok(())) => {
                self.hub.traffic.messages.fetch_add(1, Ordering::Relaxed);
                self.hub
                    .traffic
                    .bytes
                    .fetch_add(bytes as u64, Ordering::Relaxed);
                Ok(())
            }
            Ok(Err(_)) => Err(End::Gone),
            Err(_) => Err(End::Slow),
        }
    }

    /// Says why, and waits a little for the client to have heard it.
    async fn close(mut self, end: End) {
        let (code, reason) = match end {
            End::Done => (close_code::NORMAL, "the pipeline has ended"),
            End::Failed => (close_code::ERROR, "the pipeline broke off"),
            End::Slow => {
                self.hub.traffic.too_slow.fetch_add(1, Ordering::Relaxed);
                tracing::warn!("a websocket client read too slowly and was closed");
                (close_code::AGAIN, "too slow; connect again")
            }
            End::Broken(error) => {
                tracing::error!(%error, "a websocket message could not be made");
                (close_code::ERROR, "a message could not be made")
            }
            End::Gone => return,
        };
        let goodbye = Message::Close(Some(CloseFrame {
            code,
            reason: reason.into(),
        }));
        let farewell = async {
            if self.socket.send(goodbye).await.is_ok() {
                while let Some(Ok(_)) = self.socket.recv().await {}
            }
        };
        drop(timeout(self.limits.farewell, farewell).await);
    }
}
