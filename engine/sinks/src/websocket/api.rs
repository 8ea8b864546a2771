//! Topics and queries over plain HTTP: `/api/topics`, `/api/topics/NAME`, `/api/query`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Extension;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Query, State};
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};
use tokio::time::timeout;
use zaraba_core::suggest::hint;
use zaraba_formats::encode::json::Int64;
use zaraba_net::access::Caller;

use crate::websocket::answer::{self, Form, Style};
use crate::websocket::hub::Hub;
use crate::websocket::protocol;
use crate::websocket::query::{Answered, End, Refused};
use crate::websocket::routes::Site;

/// The URL's query, by name.
type Asked = Query<BTreeMap<String, String>>;

/// Longest SQL.
const SQL_BYTES_MAX: usize = 64 << 10;

fn refused(status: StatusCode, message: &str) -> Response {
    (status, format!("{}\n", message.trim_end())).into_response()
}

/// What the URL asks beside the rows; else what is wrong with it.
fn style(
    hub: &Hub,
    asked: &BTreeMap<String, String>,
    headers: &HeaderMap,
    known: &[&str],
) -> Result<Style, Box<Response>> {
    let bad = |message: String| Box::new(refused(StatusCode::BAD_REQUEST, &message));
    if let Some(other) = asked.keys().find(|name| !known.contains(&name.as_str())) {
        let hint = hint(other, known.iter().copied());
        let there = known.join(", ");
        return Err(bad(format!(
            "no parameter `{other}`{hint}: expected one of {there}"
        )));
    }
    let int64 = match asked.get("int64").map(String::as_str) {
        None | Some("number") => Int64::Number,
        Some("string") => Int64::Text,
        Some(other) => {
            return Err(bad(format!(
                "expected int64=number or int64=string, got `{other}`"
            )));
        }
    };
    let accept = headers.get(ACCEPT).map(|a| a.to_str().unwrap_or("?"));
    let form = Form::chosen(asked.get("format").map(String::as_str), accept)
        .map_err(|message| Box::new(refused(StatusCode::NOT_ACCEPTABLE, &message)))?;
    Ok(Style {
        form,
        zone: hub.zone,
        int64,
    })
}

/// An answer of rows.
fn rows(form: Form, body: zaraba_core::error::Result<Vec<u8>>) -> Response {
    match body {
        Ok(body) => (
            [
                (CONTENT_TYPE, form.content_type()),
                (CACHE_CONTROL, "no-store"),
            ],
            body,
        )
            .into_response(),
        // A type that the format cannot write: another format, or a cast, may.
        Err(error) => refused(StatusCode::UNPROCESSABLE_ENTITY, &error.to_string()),
    }
}

/// `GET /api/topics`
pub(crate) async fn topics(State(site): State<Site>) -> Response {
    let described = site.hub.topics.iter().map(|topic| {
        let last = topic.log().last();
        let description: Value = serde_json::from_str(&topic.description).unwrap_or_default();
        let mut topic = description.as_object().cloned().unwrap_or_default();
        topic.insert("last".to_owned(), json!(last));
        Value::Object(topic)
    });
    let answer = json!({
        "pipeline": site.hub.pipeline,
        "stream_id": site.hub.stream_id,
        "topics": described.collect::<Vec<_>>(),
    });
    let kind = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-store"),
    ];
    (kind, format!("{answer}\n")).into_response()
}

/// `GET /api/topics/NAME`
pub(crate) async fn topic(
    State(site): State<Site>,
    Path(name): Path<String>,
    Query(asked): Asked,
    headers: HeaderMap,
) -> Response {
    let hub = &site.hub;
    let Some(topic) = hub.topics.iter().find(|t| t.name == name) else {
        let all: Vec<&str> = hub.topics.iter().map(|t| t.name.as_str()).collect();
        let hint = hint(&name, all.iter().copied());
        let message = format!(
            "no topic `{name}`{hint}: expected one of {}",
            all.join(", ")
        );
        return refused(StatusCode::NOT_FOUND, &message);
    };
    let style = match style(hub, &asked, &headers, &["limit", "format", "int64"]) {
        Ok(style) => style,
        Err(response) => return *response,
    };
    let limit = match asked.get("limit").map(|l| l.parse::<usize>()) {
        None => None,
        Some(Ok(limit)) => Some(limit),
        Some(Err(_)) => {
            return refused(
                StatusCode::BAD_REQUEST,
                "expected limit=NUMBER, rows from 0",
            );
        }
    };
    let topic = Arc::clone(topic);
    let work = tokio::task::spawn_blocking(move || {
        let (last, batch) = topic.held(limit);
        let head = format!(
            "\"topic\":{},\"last\":{last},",
            Value::from(topic.name.as_str())
        );
        let body = batch.and_then(|b| answer::write(style, &topic.columns, &[b], &head));
        (last, rows(style.form, body))
    });
    let Ok((last, mut response)) = work.await else {
        return refused(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the answer could not be made",
        );
    };
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static("zaraba-last"), last.into());
    if let Ok(id) = HeaderValue::from_str(&hub.stream_id) {
        headers.insert(HeaderName::from_static("zaraba-stream-id"), id);
    }
    response
}

/// `POST /api/query`, the SQL as the body, or as `{"sql": "…"}`; `GET /api/query?sql=…`
pub(crate) async fn query(
    State(site): State<Site>,
    Extension(caller): Extension<Caller>,
    Query(mut asked): Asked,
    headers: HeaderMap,
    body: Body,
) -> Response {
    if caller == Caller::Public {
        let message = "queries need a token: this listener has `auth = \"public-read\"`";
        return refused(StatusCode::FORBIDDEN, message);
    }
    let Some(desk) = site.desk.clone() else {
        return refused(StatusCode::NOT_FOUND, "no queries are answered here");
    };
    let reading = to_bytes(body, SQL_BYTES_MAX);
    let body = match timeout(site.limits.header_time, reading).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => {
            let message = "expected at most 64 KiB of SQL, whole";
            return refused(StatusCode::PAYLOAD_TOO_LARGE, message);
        }
        Err(_) => {
            let message = "the SQL came too slowly";
            return refused(StatusCode::REQUEST_TIMEOUT, message);
        }
    };
    let sql = match sql(asked.remove("sql"), &headers, &body) {
        Ok(sql) => sql,
        Err(message) => return refused(StatusCode::BAD_REQUEST, message),
    };
    let style = match style(&site.hub, &asked, &headers, &["sql", "format", "int64"]) {
        Ok(style) => style,
        Err(response) => return *response,
    };
    let hub = Arc::clone(&site.hub);
    let held = move |name: &str| {
        let topic = hub.topics.iter().find(|t| t.name == name)?;
        topic.held(None).1.ok()
    };
    let write = move |answered: Answered| {
        let columns = protocol::columns(&answered.schema);
        let head = format!("\"columns\":{columns},");
        rows(
            style.form,
            answer::write(style, &answered.schema, &answered.rows, &head),
        )
    };
    match desk.run(sql, held, write).await {
        Ok(response) => response,
        Err(End::Refused(Refused::Wrong(text))) => refused(StatusCode::BAD_REQUEST, &text),
        Err(End::Refused(Refused::Failed(text))) => {
            refused(StatusCode::UNPROCESSABLE_ENTITY, &text)
        }
        Err(End::Busy) => {
            let message = "other queries run: ask again in a second\n";
            (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, "1")], message).into_response()
        }
        Err(End::GivenUp) => refused(
            StatusCode::UNPROCESSABLE_ENTITY,
            "the query was given up: it did not stop at its limit of time; ask for less at once",
        ),
        Err(End::Broken) => refused(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the query fell over, which is a bug in zaraba: see its log",
        ),
    }
}

/// The SQL of a request.
fn sql(url: Option<String>, headers: &HeaderMap, body: &[u8]) -> Result<String, &'static str> {
    const EXPECTED: &str = "expected one SELECT: as the body, as {\"sql\": \"…\"}, or as ?sql=…";
    let json = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("application/json"));
    let sql = match url {
        Some(sql) => sql,
        None if json => {
            let value: Option<Value> = serde_json::from_slice(body).ok();
            let sql = value.as_ref().and_then(|v| v.get("sql")?.as_str());
            sql.ok_or(EXPECTED)?.to_owned()
        }
        None => String::from_utf8(body.to_vec()).map_err(|_| "expected SQL in UTF-8")?,
    };
    if sql.len() > SQL_BYTES_MAX {
        return Err("expected at most 64 KiB of SQL");
    }
    if sql.trim().is_empty() {
        return Err(EXPECTED);
    }
    Ok(sql)
}
