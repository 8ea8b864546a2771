//! The task that keeps the connection up: it connects again and again, asks for topics, and hands
//! what comes to their feeds. It waits where a feed is full, so that a slow reader slows the
//! reading and nothing piles up here.

use std::collections::HashMap;
use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Map, Value, json};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::http::header::AUTHORIZATION;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{self, Message as Frame};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use crate::change::Description;
use crate::client::{Options, Status};
use crate::error::Error;
use crate::feed::{Feed, News};
use crate::message::Message;

/// The server says something each second; one silent for so long is gone.
const SILENCE: Duration = Duration::from_secs(10);
/// The first and the longest pause before it is tried again.
const PAUSE_FIRST: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// Answers to a handshake that another try will not change.
const FINAL: [u16; 5] = [400, 401, 403, 404, 426];

/// What the task is told.
#[derive(Debug)]
pub(crate) enum Order {
    /// A topic is wanted.
    Follow {
        name: String,
        id: u64,
        queue: mpsc::Sender<News>,
    },
    /// A topic is not wanted any more.
    Forget { id: u64 },
}

/// Why a connection ended.
enum End {
    /// It may be made again.
    Again(String),
    /// The pipeline has ended.
    Done,
    /// It must not be made again.
    Final(Error),
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The connection and what goes over it.
pub(crate) struct Line {
    options: Options,
    orders: mpsc::UnboundedReceiver<Order>,
    status: watch::Sender<Status>,
    feeds: HashMap<String, Feed>,
    /// Subscriptions that are not answered yet: until then rows are of the one before.
    asked: HashMap<String, u64>,
    pause: Duration,
}

impl Line {
    pub(crate) fn new(
        options: Options,
        orders: mpsc::UnboundedReceiver<Order>,
        status: watch::Sender<Status>,
    ) -> Self {
        Self {
            options,
            orders,
            status,
            feeds: HashMap::new(),
            asked: HashMap::new(),
            pause: PAUSE_FIRST,
        }
    }

    /// Connects, again and again, until nothing more can come.
    pub(crate) async fn run(mut self) {
        let error = loop {
            let end = match self.open().await {
                Ok(socket) => self.converse(socket).await,
                Err(end) => end,
            };
            let trouble = match end {
                End::Again(trouble) => trouble,
                End::Done if self.options.until_end => break None,
                End::Done => "the pipeline has ended".to_owned(),
                End::Final(error) => break Some(error),
            };
            self.status.send_modify(|status| {
                status.connected = false;
                status.trouble = Some(trouble);
            });
            self.asked.clear();
            sleep(self.pause.mul_f64(rand::random_range(0.5..1.0))).await;
            self.pause = (2 * self.pause).min(PAUSE_MAX);
        };
        self.status.send_modify(|status| status.connected = false);
        let Some(error) = error else { return };
        for feed in self.feeds.values_mut() {
            feed.fail(error.clone()).await;
        }
        // Those who come later are told too.
        while let Some(order) = self.orders.recv().await {
            if let Order::Follow { name, id, queue } = order {
                Feed::new(name, id, queue).fail(error.clone()).await;
            }
        }
    }

    /// Makes the connection.
    async fn open(&self) -> Result<Socket, End> {
        let refused = |what: String| End::Final(Error::Refused(what));
        let url = &self.options.url;
        // No topics yet: they are subscribed to by message.
        let request = format!("{url}?topics=").into_client_request();
        let mut request = request.map_err(|e| refused(format!("{url}: {e}")))?;
        if let Some(token) = &self.options.token {
            let header = HeaderValue::try_from(format!("Bearer {token}"))
                .map_err(|_| refused("the token has characters that a header cannot".to_owned()))?;
            request.headers_mut().insert(AUTHORIZATION, header);
        }
        // A snapshot may be large.
        let config = WebSocketConfig::default()
            .max_message_size(None)
            .max_frame_size(None);
        let connecting = connect_async_with_config(request, Some(config), true);
        match timeout(SILENCE, connecting).await {
            Ok(Ok((socket, _))) => Ok(socket),
            Ok(Err(tungstenite::Error::Http(answer))) => {
                let (status, body) = (answer.status(), answer.body().as_deref());
                let said = String::from_utf8_lossy(body.unwrap_or_default());
                let what = format!("{url} answered {}: {}", status.as_u16(), said.trim());
                if FINAL.contains(&status.as_u16()) {
                    return Err(refused(what));
                }
                Err(End::Again(what))
            }
            Ok(Err(error @ (tungstenite::Error::Url(_) | tungstenite::Error::Tls(_)))) => {
                Err(refused(format!("{url}: {error}")))
            }
            Ok(Err(error)) => Err(End::Again(error.to_string())),
            Err(_) => Err(End::Again(format!("no connection within {SILENCE:?}"))),
        }
    }

    /// One connection to its end.
    async fn converse(&mut self, mut socket: Socket) -> End {
        loop {
            let greeted = self.status.borrow().connected;
            let end = tokio::select! {
                // Orders wait until there is somebody to tell.
                Some(order) = self.orders.recv(), if greeted => self.obey(order, &mut socket).await,
                frame = timeout(SILENCE, socket.next()) => match frame {
                    Err(_) => Err(End::Again(format!("nothing came for {SILENCE:?}"))),
                    Ok(None) => Err(End::Again("the connection broke".to_owned())),
                    Ok(Some(Err(error))) => Err(End::Again(error.to_string())),
                    Ok(Some(Ok(frame))) => self.hear(frame, &mut socket).await,
                },
            };
            if let Err(end) = end {
                return end;
            }
        }
    }

    async fn obey(&mut self, order: Order, socket: &mut Socket) -> Result<(), End> {
        match order {
            Order::Follow { name, id, queue } => {
                let feed = Feed::new(name.clone(), id, queue);
                self.feeds.insert(name.clone(), feed);
                self.subscribe(&[name], socket).await
            }
            Order::Forget { id } => {
                let found = self.feeds.values().find(|feed| feed.id == id);
                let Some(name) = found.map(|feed| feed.name.clone()) else {
                    return Ok(()); // another one has its name now
                };
                self.feeds.remove(&name);
                say(socket, &json!({ "op": "unsubscribe", "topics": [name] })).await
            }
        }
    }

    /// Asks for topics, each behind the row that came last, if this run numbered it.
    async fn subscribe(&mut self, topics: &[String], socket: &mut Socket) -> Result<(), End> {
        if topics.is_empty() {
            return Ok(());
        }
        let stream_id = self.status.borrow().stream_id.clone();
        let mut seq = Map::new();
        for name in topics {
            *self.asked.entry(name.clone()).or_default() += 1;
            let last = self.feeds.get(name).and_then(|f| f.resume(&stream_id));
            seq.extend(last.map(|last| (name.clone(), Value::from(last))));
        }
        let resume = json!({ "stream_id": stream_id, "seq": seq });
        let op = json!({ "op": "subscribe", "topics": topics, "resume": resume });
        say(socket, &op).await
    }

    async fn hear(&mut self, frame: Frame, socket: &mut Socket) -> Result<(), End> {
        let text = match frame {
            Frame::Text(text) => text,
            Frame::Close(Some(close)) if close.code == CloseCode::Normal => return Err(End::Done),
            Frame::Close(close) => {
                let why =
                    close.map(|close| format!("closed with {}: {}", close.code, close.reason));
                return Err(End::Again(why.unwrap_or_else(|| "closed".to_owned())));
            }
            _ => return Ok(()),
        };
        let wrong = |what: String| End::Final(Error::Protocol(what));
        let message = serde_json::from_str(&text).map_err(|e| wrong(e.to_string()))?;
        match message {
            Message::Hello {
                protocol: 1,
                pipeline,
                stream_id,
            } => {
                self.greeted(pipeline, stream_id);
                let topics: Vec<String> = self.feeds.keys().cloned().collect();
                self.subscribe(&topics, socket).await?;
            }
            Message::Hello { protocol, .. } => {
                return Err(wrong(format!("protocol {protocol}: this client speaks 1")));
            }
            Message::Watermark {
                time,
                topics,
                stale,
            } => self.status.send_modify(|status| {
                status.watermark = time;
                status.watermarks = topics;
                status.stale = stale;
            }),
            Message::Subscribed { topics } => self.subscribed(topics).await,
            Message::Error {
                topic: Some(topic),
                message,
            } => {
                if let Some(mut feed) = self.feeds.remove(&topic) {
                    feed.fail(Error::NoTopic(message)).await;
                }
            }
            Message::Error { message, .. } => return Err(wrong(message)),
            Message::Other => {}
            rows => self.take(rows).await.map_err(End::Final)?,
        }
        Ok(())
    }

    fn greeted(&mut self, pipeline: String, stream_id: String) {
        self.pause = PAUSE_FIRST;
        self.status.send_modify(|status| {
            status.connected = true;
            status.connections += 1;
            status.pipeline = pipeline;
            status.stream_id = stream_id;
        });
    }

    async fn subscribed(&mut self, topics: Vec<Description>) {
        for description in topics {
            if let Some(asked) = self.asked.get_mut(&description.name) {
                *asked -= 1;
            }
            if let Some(feed) = self.feeds.get_mut(&description.name) {
                feed.described(description).await;
            }
        }
    }

    async fn take(&mut self, message: Message) -> Result<(), Error> {
        let (Message::Snapshot { topic, .. }
        | Message::Append { topic, .. }
        | Message::Upsert { topic, .. }
        | Message::Gap { topic, .. }) = &message
        else {
            return Ok(());
        };
        let answered = self.asked.get(topic).is_none_or(|asked| *asked == 0);
        match self.feeds.get_mut(topic) {
            Some(feed) if answered => {
                let stream_id = self.status.borrow().stream_id.clone();
                feed.take(message, &stream_id).await
            }
            _ => Ok(()),
        }
    }
}

async fn say(socket: &mut Socket, op: &Value) -> Result<(), End> {
    let sent = socket.send(Frame::text(op.to_string())).await;
    sent.map_err(|error| End::Again(error.to_string()))
}
