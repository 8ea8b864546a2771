//! The first message of a server that pushes JSON, waited for no longer than an answer would be.

use std::sync::mpsc::sync_channel;

use tungstenite::client::IntoClientRequest as _;
use tungstenite::http::{HeaderName, HeaderValue, Request};
use tungstenite::{Error, Message};
use zaraba::infer::{InferredJson, infer_json};

use super::own::{Header, TIMEOUT, outside};
use crate::failure::Failure;

/// What the first rows look like. Messages have the URL without its query.
pub(super) fn pushed(
    url: &str,
    header: &Header,
    subscribe: Option<String>,
) -> Result<InferredJson, Failure> {
    let shown = url.split_once('?').map_or(url, |(shown, _)| shown);
    let failed = |e: &dyn std::fmt::Display| outside(shown, e);
    let mut request = url.into_client_request().map_err(|e| failed(&e))?;
    if let Some((name, _, sent)) = header {
        let parsed = HeaderName::from_bytes(name.as_bytes()).ok();
        let sent = HeaderValue::from_str(sent).ok();
        let Some((parsed, sent)) = parsed.zip(sent) else {
            return Err(Failure::User(format!(
                "`{name}` or its value has characters that no header has"
            )));
        };
        request.headers_mut().insert(parsed, sent);
    }
    let (tell, told) = sync_channel(1);
    // Reads block: where nothing comes the thread is left to the end of the program.
    std::thread::spawn(move || {
        let _ = tell.send(first(request, subscribe)); // nobody may be waiting any more
    });
    match told.recv_timeout(TIMEOUT) {
        Ok(first) => first.map_err(|e| failed(&e)),
        Err(_) => {
            let seconds = TIMEOUT.as_secs();
            Err(failed(&format!("no JSON came within {seconds} s")))
        }
    }
}

/// The first message that is JSON.
fn first(request: Request<()>, subscribe: Option<String>) -> Result<InferredJson, Error> {
    let (mut socket, _) = tungstenite::connect(request)?;
    if let Some(subscribe) = subscribe {
        socket.send(Message::text(subscribe))?;
    }
    loop {
        let message = socket.read()?;
        if (message.is_text() || message.is_binary())
            && let Ok(found) = infer_json(&message.into_data())
        {
            return Ok(found);
        }
    }
}
