//! The first messages of a server that pushes JSON, waited for no longer than an answer would be.

use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use tungstenite::client::IntoClientRequest as _;
use tungstenite::http::{HeaderName, HeaderValue, Request};
use tungstenite::{Bytes, Error, Message};
use zaraba::Stopwatch;
use zaraba::infer::{InferredJson, infer_json};

use super::own::{Header, TIMEOUT, outside};
use crate::failure::Failure;

/// Messages that are looked at, and for how long after the first.
const MESSAGES: usize = 100;
const LONGEST: Duration = Duration::from_secs(2);

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
        if let Err(error) = read(request, subscribe, &tell) {
            let _ = tell.send(Err(error)); // nobody may be waiting any more
        }
    });
    let mut seen = Seen::default();
    let watch = Stopwatch::start();
    let mut first: Option<Stopwatch> = None;
    while seen.count < MESSAGES {
        let left = match &first {
            None => TIMEOUT.saturating_sub(watch.elapsed()),
            Some(first) => LONGEST.saturating_sub(first.elapsed()),
        };
        match told.recv_timeout(left) {
            Ok(Ok(message)) => {
                if seen.add(message) {
                    first.get_or_insert_with(Stopwatch::start);
                }
            }
            Ok(Err(error)) if seen.count == 0 => return Err(failed(&error)),
            Ok(Err(_)) | Err(_) => break,
        }
    }
    let seconds = TIMEOUT.as_secs();
    let nothing = || failed(&format!("no JSON came within {seconds} s"));
    seen.most().ok_or_else(nothing)
}

/// Connects, subscribes, and hands over every message.
fn read(
    request: Request<()>,
    subscribe: Option<String>,
    tell: &SyncSender<Result<Bytes, Error>>,
) -> Result<(), Error> {
    let (mut socket, _) = tungstenite::connect(request)?;
    if let Some(subscribe) = subscribe {
        socket.send(Message::text(subscribe))?;
    }
    loop {
        let message = socket.read()?;
        let said = message.is_text() || message.is_binary();
        if said && tell.send(Ok(message.into_data())).is_err() {
            return Ok(());
        }
    }
}

/// Messages by what they look like: what a server says of a subscription is no row.
#[derive(Default)]
struct Seen {
    kinds: Vec<Kind>,
    count: usize,
}

struct Kind {
    found: InferredJson,
    lines: Vec<u8>,
    count: usize,
}

impl Seen {
    /// Takes a message, if it is JSON with rows.
    fn add(&mut self, message: Bytes) -> bool {
        let Ok(found) = infer_json(&message) else {
            return false;
        };
        self.count += 1;
        let names = |json: &InferredJson| -> Vec<String> {
            json.columns.iter().map(|c| c.name.clone()).collect()
        };
        let same =
            |kind: &&mut Kind| kind.found.rows == found.rows && names(&kind.found) == names(&found);
        match self.kinds.iter_mut().find(same) {
            Some(kind) => {
                kind.lines.push(b'\n');
                kind.lines.extend_from_slice(&message);
                kind.count += 1;
            }
            None => self.kinds.push(Kind {
                found,
                lines: message.to_vec(),
                count: 1,
            }),
        }
        true
    }

    /// What most of them look like; of equally many, those with more columns.
    fn most(self) -> Option<InferredJson> {
        let rank = |kind: &Kind| (kind.count, kind.found.columns.len());
        let kind = self.kinds.into_iter().max_by_key(rank)?;
        let one_row_each = kind.found.rows.is_none() && kind.lines.starts_with(b"{");
        let together = one_row_each.then(|| infer_json(&kind.lines).ok()).flatten();
        Some(together.unwrap_or(kind.found))
    }
}
