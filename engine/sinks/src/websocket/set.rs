//! `/api/set`: the parameters of the pipeline. To read them is open to who may do all; to change
//! them needs a token always, also from this machine.

use axum::Extension;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};
use tokio::time::timeout;
use zaraba_net::access::Caller;

use crate::inside::{Changed, NotSet, Setting};
use crate::websocket::routes::Site;

/// Longest body.
const BYTES_MAX: usize = 64 << 10;

fn refused(status: StatusCode, message: &str) -> Response {
    (status, format!("{message}\n")).into_response()
}

fn answer(status: StatusCode, value: &Value) -> Response {
    let kind = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-store"),
    ];
    (status, kind, format!("{value}\n")).into_response()
}

/// `GET /api/set`
pub(crate) async fn list(
    State(site): State<Site>,
    Extension(caller): Extension<Caller>,
) -> Response {
    if caller == Caller::Public {
        let message = "parameters need a token: this listener has `auth = \"public-read\"`";
        return refused(StatusCode::FORBIDDEN, message);
    }
    let params = site.inside.settings().into_iter().map(|setting| {
        let Setting {
            name,
            value,
            readers,
            fixed,
        } = setting;
        json!({ "name": name, "value": value, "readers": readers, "fixed": fixed })
    });
    let params: Value = params.collect();
    answer(StatusCode::OK, &json!({ "params": params }))
}

/// `POST /api/set`
pub(crate) async fn set(
    State(site): State<Site>,
    Extension(caller): Extension<Caller>,
    body: Body,
) -> Response {
    if caller != Caller::Known {
        let message = "changes always need a token: give this listener \
                       `auth = { token_env = \"ZARABA_TOKEN\" }`";
        return refused(StatusCode::FORBIDDEN, message);
    }
    let reading = to_bytes(body, BYTES_MAX);
    let Ok(Ok(body)) = timeout(site.limits.header_time, reading).await else {
        let message = "expected at most 64 KiB of JSON, whole and at once";
        return refused(StatusCode::BAD_REQUEST, message);
    };
    let Some(changes) = changes(&body) else {
        let message = "expected {\"NAME\": VALUE, …}: texts, numbers or booleans";
        return refused(StatusCode::BAD_REQUEST, message);
    };
    let outcome = site.inside.set(&changes);
    let word = if outcome.is_ok() {
        "changed"
    } else {
        "refused"
    };
    for (name, value) in &changes {
        tracing::info!(target: "zaraba::audit", parameter = name, value, "{word}");
    }
    match outcome {
        Ok(changed) => {
            let changed = changed
                .into_iter()
                .map(|Changed { name, from, to }| json!({ "name": name, "from": from, "to": to }));
            let changed: Value = changed.collect();
            answer(StatusCode::OK, &json!({ "changed": changed }))
        }
        Err(refused) => {
            let unknown = refused.iter().any(|not| not.unknown);
            let status = if unknown {
                StatusCode::BAD_REQUEST
            } else {
                StatusCode::CONFLICT
            };
            let refused = refused
                .into_iter()
                .map(|NotSet { name, reason, .. }| json!({ "name": name, "reason": reason }));
            let refused: Value = refused.collect();
            answer(status, &json!({ "changed": [], "refused": refused }))
        }
    }
}

/// Names and values as texts; none: it is no such object.
fn changes(body: &[u8]) -> Option<Vec<(String, String)>> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let changes = value.as_object()?.iter().map(|(name, value)| {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            _ => return None,
        };
        Some((name.clone(), text))
    });
    let changes: Option<Vec<(String, String)>> = changes.collect();
    changes.filter(|changes| !changes.is_empty())
}
