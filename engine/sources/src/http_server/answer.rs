//! What is answered: JSON, with what was expected and what came where a request is refused.

use axum::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::body::Parcel;

/// Seconds after which a sender may try again.
const RETRY_SECONDS: u32 = 1;

/// A JSON answer.
pub(super) fn answer(status: StatusCode, body: &Value) -> Response {
    let text = format!("{body}\n");
    (status, [(CONTENT_TYPE, "application/json")], text).into_response()
}

/// Why nothing was taken.
pub(super) fn refused(status: StatusCode, why: &str) -> Response {
    answer(status, &json!({ "error": why }))
}

/// The pipeline is slower than the senders.
pub(super) fn busy() -> Response {
    let why = "the pipeline is behind, nothing was taken; send it again later";
    let mut response = refused(StatusCode::TOO_MANY_REQUESTS, why);
    let seconds = HeaderValue::from(RETRY_SECONDS);
    response.headers_mut().insert(RETRY_AFTER, seconds);
    response
}

/// The run is over.
pub(super) fn ended() -> Response {
    let why = "the pipeline is stopping, nothing was taken";
    refused(StatusCode::SERVICE_UNAVAILABLE, why)
}

/// Not a POST.
pub(super) fn not_post(path: &str) -> Response {
    let why = format!("rows are sent to {path} by POST");
    let mut response = refused(StatusCode::METHOD_NOT_ALLOWED, &why);
    let allowed = HeaderValue::from_static("POST");
    response.headers_mut().insert(ALLOW, allowed);
    response
}

/// How many rows were taken, and how many were bad, where there were such.
pub(super) fn taken(parcel: &Parcel) -> Response {
    let mut body = json!({ "rows": parcel.good });
    if parcel.bad > 0 {
        body["bad"] = json!(parcel.bad);
        body["errors"] = faults(parcel);
    }
    answer(StatusCode::OK, &body)
}

/// A request refused for its bad rows.
pub(super) fn bad(parcel: &Parcel) -> Response {
    let (bad, rows) = (parcel.bad, parcel.bad + parcel.good);
    let are = if bad == 1 { "is" } else { "are" };
    let first = parcel.faults.first();
    let first = first.map_or_else(String::new, |f| format!("; row {}: {}", f.row, f.reason));
    let body = json!({
        "error": format!("{bad} of {rows} rows {are} bad and none was taken{first}"),
        "rows": rows,
        "bad": bad,
        "errors": faults(parcel),
    });
    answer(StatusCode::UNPROCESSABLE_ENTITY, &body)
}

fn faults(parcel: &Parcel) -> Value {
    let fault = |f: &super::body::Fault| json!({ "row": f.row, "column": f.column, "reason": f.reason, "text": f.text });
    parcel.faults.iter().map(fault).collect()
}
