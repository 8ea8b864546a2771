//! The route: limits before the body is read, the body within a time, its rows into the queue or
//! a clear no. Nothing of a request is taken unless it is answered 200.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, StatusCode, Uri};
use axum::response::Response;
use axum::routing::post;
use futures::StreamExt as _;
use tokio::sync::mpsc::Sender;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use zaraba_config::document::{ErrorPolicy, Format};
use zaraba_core::source::Wake;
use zaraba_formats::decode::memory::Layout;

use super::HttpServerOptions;
use super::answer::{bad, busy, ended, not_post, refused, taken};
use super::body::{ACCEPTED, Parcel, decode, kind};

/// How long a request waits for room before it is answered 429.
const PATIENCE: Duration = Duration::from_millis(500);

/// How long the body of a request may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(30);

/// Bytes that one permit of the room stands for.
pub(super) const BLOCK_BYTES: u64 = 4096;

/// What requests find.
pub(super) struct Door {
    pub(super) options: HttpServerOptions,
    pub(super) sender: Sender<Parcel>,
    pub(super) wake: Wake,
    /// What requests may hold in memory, in blocks.
    pub(super) room: Arc<Semaphore>,
}

impl Door {
    /// The route at the source's path.
    pub(super) fn route(self) -> Router {
        let path = self.options.path.clone();
        let door = Arc::new(self);
        let other = Arc::clone(&door);
        let wrong = move || async move { not_post(&other.options.path) };
        Router::new().route(&path, post(take).fallback(wrong).with_state(door))
    }
}

/// What a listener answers that has sources only: where rows are POSTed.
pub async fn not_found(paths: &[String], uri: Uri) -> Response {
    let why = format!(
        "nothing is at {}; rows are sent by POST to {}",
        uri.path(),
        paths.join(" or ")
    );
    refused(StatusCode::NOT_FOUND, &why)
}

async fn take(State(door): State<Arc<Door>>, request: Request) -> Response {
    match receive(&door, request).await {
        Ok(response) | Err(response) => response,
    }
}

/// A header's text.
fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}

async fn receive(door: &Arc<Door>, request: Request) -> Result<Response, Response> {
    let kind = checked(request.headers()).map_err(|found| {
        let why = format!("expected {ACCEPTED}, got {found}");
        refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, &why)
    })?;
    let length = header(request.headers(), &CONTENT_LENGTH).and_then(|n| n.parse::<u64>().ok());
    let max = door.options.max_size;
    if length.is_some_and(|length| length > max) {
        return Err(too_large(max));
    }
    let blocks = length.unwrap_or(max).div_ceil(BLOCK_BYTES).max(1);
    let blocks = u32::try_from(blocks).unwrap_or(u32::MAX);
    let room = Arc::clone(&door.room).acquire_many_owned(blocks);
    let room = timeout(PATIENCE, room).await.map_err(|_| busy())?;
    let room = room.map_err(|_| ended())?;
    let read = timeout(BODY_TIME, read(request.into_body(), length, max)).await;
    let data = read.map_err(|_| {
        let why = format!("the body took longer than {} s", BODY_TIME.as_secs());
        refused(StatusCode::REQUEST_TIMEOUT, &why)
    })??;
    let parcel = decoded(door, data, kind, room).await?;
    if parcel.bad > 0 && door.options.on_error == ErrorPolicy::Fail {
        return Err(bad(&parcel));
    }
    let answer = taken(&parcel);
    if parcel.batches.is_empty() {
        return Ok(answer);
    }
    match timeout(PATIENCE, door.sender.send(parcel)).await {
        Ok(Ok(())) => {
            door.wake.wake();
            Ok(answer)
        }
        Ok(Err(_)) => Err(ended()),
        Err(_) => Err(busy()),
    }
}

/// What the headers say that the body is; else what they say.
fn checked(headers: &HeaderMap) -> Result<(Format, Layout<'static>), String> {
    if let Some(packed) = header(headers, &CONTENT_ENCODING).filter(|e| *e != "identity") {
        return Err(format!("a body packed by `{packed}`; send it as it is"));
    }
    let content_type = header(headers, &CONTENT_TYPE).ok_or("no Content-Type")?;
    kind(content_type).ok_or_else(|| format!("Content-Type `{content_type}`"))
}

fn too_large(max: u64) -> Response {
    let why = format!("expected at most {max} bytes, got more; send the rows in several requests");
    refused(StatusCode::PAYLOAD_TOO_LARGE, &why)
}

/// The whole body.
async fn read(body: Body, length: Option<u64>, max: u64) -> Result<Bytes, Response> {
    let mut frames = body.into_data_stream();
    let size = length.unwrap_or(0).min(max);
    let mut data = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    while let Some(frame) = frames.next().await {
        let frame = frame
            .map_err(|e| refused(StatusCode::BAD_REQUEST, &format!("the body broke off: {e}")))?;
        if (data.len() + frame.len()) as u64 > max {
            return Err(too_large(max));
        }
        data.extend_from_slice(&frame);
    }
    Ok(data.into())
}

/// Decodes off the threads that serve sockets.
async fn decoded(
    door: &Arc<Door>,
    data: Bytes,
    kind: (Format, Layout<'static>),
    room: OwnedSemaphorePermit,
) -> Result<Parcel, Response> {
    let own = Arc::clone(door);
    let work = tokio::task::spawn_blocking(move || {
        let now = own.options.clock.now();
        decode(data, kind, &own.options, now, room)
    });
    match work.await {
        Ok(Ok(parcel)) => Ok(parcel),
        Ok(Err(error)) => Err(refused(StatusCode::BAD_REQUEST, &error.to_string())),
        Err(_) => {
            let why = "the body could not be read (this is a bug in zaraba)";
            Err(refused(StatusCode::INTERNAL_SERVER_ERROR, why))
        }
    }
}
