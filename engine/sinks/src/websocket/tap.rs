//! `GET /api/tap/STREAM`: the rows of any stream of the pipeline from now on, as server-sent
//! events, so that curl, a browser's `EventSource` and `zaraba tap` can all read them. It shows
//! what no sink offers, so it is for those only who may do all.
//!
//! Events: `tap` (what is looked at), `header` (CSV: its columns), one without a name per row,
//! `skipped` (rows that came faster than they were read), `failed` (rows on which the SQL failed),
//! `end`.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use chrono_tz::Tz;
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use zaraba_config::env::redact;
use zaraba_core::batch::Batch;
use zaraba_core::error::Result;
use zaraba_core::suggest::hint;
use zaraba_formats::encode::csv;
use zaraba_formats::encode::json::{Int64, JsonEncoder};
use zaraba_net::access::Caller;

use crate::inside::{Picked, Tapped, Wanted, WrongTap};
use crate::websocket::protocol;
use crate::websocket::routes::Site;

/// How many may look at one time.
const TAPS_MAX: usize = 16;
/// How long nothing may be said: then a comment shows that both ends are there.
const SILENCE: Duration = Duration::from_secs(10);
/// What may be asked.
const KNOWN: [&str; 5] = ["where", "sql", "format", "limit", "int64"];

/// Places of those who look.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    free: Arc<Semaphore>,
    /// Those who see rows already.
    looking: Arc<AtomicUsize>,
}

/// One who sees rows, until it is dropped.
struct Place {
    looking: Arc<AtomicUsize>,
    _free: OwnedSemaphorePermit,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            free: Arc::new(Semaphore::new(TAPS_MAX)),
            looking: Arc::default(),
        }
    }
}

impl Places {
    /// How many see rows.
    pub(crate) fn looking(&self) -> usize {
        self.looking.load(Ordering::Relaxed)
    }
}

impl Place {
    /// From now on rows are seen.
    fn of(places: &Places, free: OwnedSemaphorePermit) -> Self {
        places.looking.fetch_add(1, Ordering::Relaxed);
        Self {
            looking: Arc::clone(&places.looking),
            _free: free,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.looking.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Json(Int64),
    Csv,
}

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    wanted: Wanted,
    form: Form,
    limit: Option<u64>,
}

pub(crate) async fn tap(
    State(site): State<Site>,
    Extension(caller): Extension<Caller>,
    Path(stream): Path<String>,
    Query(asked): Query<BTreeMap<String, String>>,
) -> Response {
    let refused = |status: StatusCode, message: &str| {
        (status, format!("{}\n", message.trim_end())).into_response()
    };
    if caller == Caller::Public {
        let message = "rows that no sink offers need a token: this listener has \
                       `auth = \"public-read\"`";
        return refused(StatusCode::FORBIDDEN, message);
    }
    let asked = match read(asked) {
        Ok(asked) => asked,
        Err(message) => return refused(StatusCode::BAD_REQUEST, &message),
    };
    let Ok(free) = Arc::clone(&site.taps.free).try_acquire_owned() else {
        let message = format!("{TAPS_MAX} look at streams already");
        return refused(StatusCode::SERVICE_UNAVAILABLE, &message);
    };
    let inside = Arc::clone(&site.inside);
    let Asked {
        wanted,
        form,
        limit,
    } = asked;
    // Planning SQL takes a moment.
    let tapped = tokio::task::spawn_blocking(move || inside.tap(&stream, &wanted)).await;
    let feed = match tapped {
        Ok(Ok(tapped)) => {
            let place = Place::of(&site.taps, free);
            Feed::open(tapped, form, limit, site.hub.zone, place)
        }
        Ok(Err(WrongTap::Stream(message))) => return refused(StatusCode::NOT_FOUND, &message),
        Ok(Err(WrongTap::Sql(text))) => return refused(StatusCode::BAD_REQUEST, &text),
        Err(_) => {
            let message = "the tap fell over, which is a bug in zaraba: see its log";
            return refused(StatusCode::INTERNAL_SERVER_ERROR, message);
        }
    };
    let (first, feed) = match feed {
        Ok(both) => both,
        Err(error) => return refused(StatusCode::UNPROCESSABLE_ENTITY, &error.to_string()),
    };
    let first = futures::stream::iter([Ok::<_, Infallible>(first)]);
    let rest = futures::stream::unfold(Some(feed), |feed| async move {
        let (bytes, feed) = feed?.next().await?;
        Some((Ok(bytes), feed))
    });
    let kind = [
        (CONTENT_TYPE, "text/event-stream; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
    ];
    let body = futures::StreamExt::chain(first, rest);
    (kind, Body::from_stream(body)).into_response()
}

/// Reads the URL's query; else what is wrong with it.
fn read(mut asked: BTreeMap<String, String>) -> std::result::Result<Asked, String> {
    if let Some(other) = asked.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        let (hint, known) = (hint(other, KNOWN), KNOWN.join(", "));
        return Err(format!(
            "no parameter `{other}`{hint}: expected one of {known}"
        ));
    }
    let wanted = match (asked.remove("where"), asked.remove("sql")) {
        (None, None) => Wanted::All,
        (Some(condition), None) => Wanted::Where(condition),
        (None, Some(sql)) => Wanted::Select(sql),
        (Some(_), Some(_)) => return Err("expected where or sql, got both".to_owned()),
    };
    let int64 = match asked.get("int64").map(String::as_str) {
        None | Some("number") => Int64::Number,
        Some("string") => Int64::Text,
        Some(other) => {
            return Err(format!(
                "expected int64=number or int64=string, got `{other}`"
            ));
        }
    };
    let form = match asked.get("format").map(String::as_str) {
        None | Some("json") => Form::Json(int64),
        Some("csv") => Form::Csv,
        Some(other) => return Err(format!("expected format=json or format=csv, got `{other}`")),
    };
    let limit = match asked.get("limit").map(|limit| limit.parse()) {
        None => None,
        Some(Ok(limit)) => Some(limit),
        Some(Err(_)) => return Err("expected limit=NUMBER of rows".to_owned()),
    };
    Ok(Asked {
        wanted,
        form,
        limit,
    })
}

/// One who looks.
struct Feed {
    tapped: Tapped,
    writer: Writer,
    /// Rows left out that were told.
    told: u64,
    /// Rows that may still be sent.
    left: u64,
    /// Kept until nobody looks.
    _place: Place,
}

impl Feed {
    /// What is said first, and the rest.
    fn open(
        tapped: Tapped,
        form: Form,
        limit: Option<u64>,
        zone: Tz,
        place: Place,
    ) -> Result<(Bytes, Self)> {
        let told = json!({
            "stream": tapped.stream,
            "changelog": if tapped.upsert { "upsert" } else { "append" },
            "columns": protocol::columns(&tapped.columns),
        });
        let mut first = event(Some("tap"), &told.to_string());
        let mut header = Vec::new();
        let json = match form {
            Form::Json(int64) => Some(JsonEncoder::new(&tapped.columns, zone, int64)?),
            Form::Csv => {
                csv::write_header(&tapped.columns, &mut header)?;
                first += &event(Some("header"), String::from_utf8_lossy(&header).trim_end());
                None
            }
        };
        let feed = Self {
            tapped,
            writer: Writer { json, zone },
            told: 0,
            left: limit.unwrap_or(u64::MAX),
            _place: place,
        };
        Ok((first.into(), feed))
    }

    /// The next events; then the rest, if there is one.
    async fn next(mut self) -> Option<(Bytes, Option<Self>)> {
        if self.left == 0 {
            let end = event(Some("end"), &json!({ "reason": "limit" }).to_string());
            return Some((end.into(), None));
        }
        let waited = timeout(SILENCE, self.tapped.rows.recv()).await;
        let Ok(rows) = waited else {
            return Some((Bytes::from_static(b":\n\n"), Some(self)));
        };
        let Some(rows) = rows else {
            let mut last = self.skipped();
            last += &event(Some("end"), &json!({ "reason": "end" }).to_string());
            return Some((last.into(), None));
        };
        // Expressions and text of some thousand rows: not on a thread that serves sockets.
        let worked = tokio::task::spawn_blocking(move || {
            let text = self.events(&rows);
            (text, self)
        });
        let (text, feed) = worked.await.ok()?;
        match text {
            Ok(text) => Some((text.into(), Some(feed))),
            Err(error) => {
                tracing::error!(%error, "a tap broke off");
                None
            }
        }
    }

    /// What was left out since it was told last.
    fn skipped(&mut self) -> String {
        let left_out = self.tapped.left_out.load(Ordering::Relaxed);
        let new = left_out - std::mem::replace(&mut self.told, left_out);
        match new {
            0 => String::new(),
            rows => event(Some("skipped"), &json!({ "rows": rows }).to_string()),
        }
    }

    fn events(&mut self, rows: &Batch) -> Result<String> {
        let Picked {
            rows,
            failed,
            reason,
        } = self.tapped.pick.pick(rows)?;
        let mut text = String::new();
        for rows in rows {
            let most = usize::try_from(self.left).unwrap_or(usize::MAX);
            let rows = rows.slice(0, rows.num_rows().min(most));
            self.left -= rows.num_rows() as u64;
            self.writer.write(&rows, &mut text)?;
        }
        if failed > 0 {
            let told: Value = json!({ "rows": failed, "reason": reason });
            text += &event(Some("failed"), &told.to_string());
        }
        text += &self.skipped();
        Ok(match self.tapped.secrets.as_slice() {
            [] => text,
            secrets => redact(&text, secrets),
        })
    }
}

/// Writes rows as events.
struct Writer {
    /// None: CSV.
    json: Option<JsonEncoder>,
    zone: Tz,
}

impl Writer {
    fn write(&self, rows: &arrow::array::RecordBatch, text: &mut String) -> Result<()> {
        let mut line = Vec::new();
        let json = self.json.as_ref().map(|json| json.rows(rows)).transpose()?;
        for row in 0..rows.num_rows() {
            line.clear();
            match &json {
                Some(json) => json.write(row, &mut line),
                None => csv::write_rows(&rows.slice(row, 1), self.zone, &mut line)?,
            }
            let line = String::from_utf8_lossy(&line);
            *text += &event(None, line.strip_suffix('\n').unwrap_or(&line));
        }
        Ok(())
    }
}

/// One event; each line of its text is a line of `data`.
fn event(name: Option<&str>, text: &str) -> String {
    let mut event = name.map_or_else(String::new, |name| format!("event: {name}\n"));
    for line in text.split(['\n', '\r']) {
        event += "data: ";
        event += line;
        event.push('\n');
    }
    event.push('\n');
    event
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_asked() {
        let ask = |pairs: &[(&str, &str)]| {
            let pairs = pairs
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
            read(pairs.collect())
        };
        let asked = |wanted, form, limit| {
            Ok(Asked {
                wanted,
                form,
                limit,
            })
        };
        let json = Form::Json(Int64::Number);
        assert_eq!(ask(&[]), asked(Wanted::All, json, None));
        let condition = Wanted::Where("a > 1".to_owned());
        assert_eq!(
            ask(&[("where", "a > 1"), ("format", "csv"), ("limit", "5")]),
            asked(condition, Form::Csv, Some(5))
        );
        for (pairs, expected) in [
            (
                &[("were", "a")][..],
                "no parameter `were`; did you mean `where`?",
            ),
            (
                &[("where", "a"), ("sql", "b")],
                "expected where or sql, got both",
            ),
            (&[("limit", "-1")], "expected limit=NUMBER"),
            (&[("format", "xml")], "expected format=json or format=csv"),
            (&[("int64", "hex")], "expected int64=number or"),
        ] {
            let wrong = ask(pairs).unwrap_err();
            assert!(wrong.starts_with(expected), "{wrong}");
        }
    }

    #[test]
    fn an_event_of_several_lines() {
        assert_eq!(event(None, "a"), "data: a\n\n");
        assert_eq!(
            event(Some("end"), "\"x\ny\",1"),
            "event: end\ndata: \"x\ndata: y\",1\n\n"
        );
    }
}
