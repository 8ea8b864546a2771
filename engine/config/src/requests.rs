//! Requests beside those for rows: what `before` and `after` of a source list.

use zaraba_core::diagnostic::Diagnostic;

use crate::captures::{EACH, Names, check, is_name};
use crate::connector::RequestDoc;
use crate::document::Text;
use crate::headers::{headers, plain};
use crate::message::{Message, MessageDoc};
use crate::read::{Context, Fields, Typed};
use crate::source_http_client::check_path;
use crate::spec::{Kind, Opt, optional, required};

/// What a request may say.
pub(crate) const REQUEST: &[Opt] = &[
    required(
        "request",
        Kind::Request,
        "\"POST http://127.0.0.1:18080/kabusapi/token\"",
        "its method and URL",
    ),
    optional(
        "headers",
        Kind::Map(&Kind::Text),
        "none",
        "{ X-API-KEY = \"{token}\" }",
        "its headers",
    ),
    optional(
        "body",
        Kind::Message,
        "none",
        "{ APIPassword = \"${KABU_PASSWORD}\" }",
        "what it says: a text as it is, or a table, sent as JSON",
    ),
    optional(
        "capture",
        Kind::Map(&Kind::Name),
        "none",
        "{ token = \"$.Token\" }",
        "names, each with the path of a text or number in the JSON of its answer",
    ),
];

/// The requests that an option lists; those behind may say what those before capture.
pub(crate) fn requests(
    cx: &mut Context<'_>,
    fields: &Fields,
    option: &str,
    names: &mut Names,
) -> Vec<RequestDoc> {
    let mut requests = Vec::new();
    for item in fields.list(option).unwrap_or_default() {
        if let Typed::Table(item) = item.value {
            requests.extend(request(cx, &item, names));
        }
    }
    requests
}

/// A message whose names are known.
pub(crate) fn checked(cx: &mut Context<'_>, message: Message, names: &Names) -> MessageDoc {
    for text in &message.texts {
        check(cx, text, names);
    }
    message.doc
}

/// A request, which may use what those before it captured and adds what it captures.
fn request(cx: &mut Context<'_>, fields: &Fields, names: &mut Names) -> Option<RequestDoc> {
    let request = fields.text("request");
    if let Some(request) = &request {
        check(cx, request, names);
    }
    let headers = headers(cx, fields);
    for (_, value) in &headers {
        check(cx, value, names);
    }
    let body = fields.message("body");
    let body = body.map(|body| checked(cx, body, names));
    let Text { value, span, .. } = request?;
    let (method, url) = value.split_once(' ')?;
    if method == "GET" && body.is_some() {
        let message = "a GET has no `body`";
        let key = fields.key("body").unwrap_or(span);
        cx.mistake(Diagnostic::at(key, message).help("begin the request with POST"));
    }
    Some(RequestDoc {
        method: method.to_owned(),
        url: url.to_owned(),
        headers: plain(headers),
        body,
        capture: captures(cx, fields, names),
    })
}

/// What a request captures.
fn captures(cx: &mut Context<'_>, fields: &Fields, names: &mut Names) -> Vec<(String, String)> {
    let mut capture = Vec::new();
    for (name, path) in fields.map("capture").unwrap_or_default() {
        let Typed::Text(path) = path.value else {
            continue;
        };
        check_path(cx, &path);
        if !is_name(&name.value) {
            let message = format!("`{}` cannot be put into texts as a name", name.value);
            let help = "letters, digits and `_`, beginning with a letter";
            cx.mistake(Diagnostic::at(name.span, message).help(help));
        } else if names.each.is_some() && name.value == EACH {
            let message = "`each` is the name of an item of the option `each`";
            cx.mistake(Diagnostic::at(name.span, message).help("capture it by another name"));
        } else if names.captured.contains(&name.value) {
            let message = format!("`{}` is captured already", name.value);
            cx.mistake(Diagnostic::at(name.span, message));
        } else {
            names.captured.push(name.value.clone());
            capture.push((name.value, path.value));
        }
    }
    capture
}
