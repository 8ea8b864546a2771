//! `connector = "http_server"`: rows that others POST.

use zaraba_core::diagnostic::Diagnostic;

use crate::connector::HttpServerDoc;
use crate::document::{ColumnDoc, Format, Located};
use crate::mapping::check_from;
use crate::read::{Context, Fields};
use crate::source::{COMMON, HEAD, require_schema};
use crate::spec::{Kind, Section, optional, required};
use crate::tree::quoted;

/// Bytes of one request.
const SIZE: u64 = 16 << 20;

/// Most bytes of one request that may be set: eight such requests may wait in memory.
const SIZE_MAX: u64 = 1 << 30;

/// Paths that the listener of a WebSocket sink answers itself.
const TAKEN: [&str; 3] = ["/", "/ws", "/metrics"];

/// Beginnings of such paths.
const TAKEN_BELOW: [&str; 2] = ["/api/", "/health/"];

/// `connector = "http_server"`
pub(crate) static HTTP_SERVER: Section = Section {
    title: "[source.NAME] with connector = \"http_server\"",
    about: "Takes rows that are POSTed as JSON, CSV or Arrow, by Content-Type; see [sources](sources.md). A live source: it ends when the run is stopped. Listens on loopback only. Left out, `on_error` refuses a request with a bad row whole.",
    groups: &[
        HEAD,
        COMMON,
        &[
            required(
                "listen",
                Kind::Listen,
                "\"127.0.0.1:8226\"",
                "address and port; several sources and a WebSocket sink may share them",
            ),
            optional(
                "path",
                Kind::Text,
                "`/NAME`",
                "\"/ticks\"",
                "where rows are POSTed",
            ),
            optional(
                "max_size",
                Kind::Size,
                "`\"16MiB\"`",
                "\"1MiB\"",
                "most bytes of one request, up to 1GiB; a larger one is answered 413",
            ),
        ],
    ],
    later: &[],
    example: r#"[source.ticks]
connector = "http_server"
listen = "127.0.0.1:8226"
path = "/ticks"
max_size = "1MiB"
time = "ts"
out_of_order = "1s"
idle_timeout = "30s"
[source.ticks.schema]
ts = "timestamp"
price = "float64"
"#,
};

/// What the section says; none if a part that cannot be left out is wrong.
pub(crate) fn http_server(
    cx: &mut Context<'_>,
    name: &Located<String>,
    fields: &Fields,
    schema: &[ColumnDoc],
) -> Option<HttpServerDoc> {
    let source = &name.value;
    require_schema(cx, source, fields, schema, "connector \"http_server\"");
    check_from(cx, schema, Format::Json, true);
    let path = fields.name("path").unwrap_or_else(|| Located {
        value: format!("/{source}"),
        span: name.span,
    });
    check_path(cx, &path);
    let max_size = fields.bytes("max_size").unwrap_or(SIZE);
    if let Some(span) = fields.at("max_size").filter(|_| max_size > SIZE_MAX) {
        cx.mistake(Diagnostic::at(span, "expected at most 1GiB"));
    }
    Some(HttpServerDoc {
        listen: fields.name("listen")?,
        path,
        max_size,
    })
}

fn check_path(cx: &mut Context<'_>, path: &Located<String>) {
    let text = path.value.as_str();
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/_-.~".contains(&b);
    if !text.starts_with('/') || !text.bytes().all(plain) || text.contains("//") {
        let found = quoted(text);
        let message = format!("expected a path like \"/ticks\", found {found}");
        let help = "it begins with `/` and has letters, digits and `_-.~/`";
        cx.mistake(Diagnostic::at(path.span, message).help(help));
    } else if TAKEN.contains(&text) || TAKEN_BELOW.iter().any(|b| text.starts_with(b)) {
        let message = format!("`{text}` is a path of the listener itself");
        let help = "taken are `/`, `/ws`, `/metrics`, `/api/…` and `/health/…`";
        cx.mistake(Diagnostic::at(path.span, message).help(help));
    }
}
