//! `connector = "http_client"`: an address that is asked for rows again and again.

use zaraba_core::diagnostic::Diagnostic;
use zaraba_core::time::SECOND;

use crate::connector::{HttpClientDoc, NextPage};
use crate::document::{ColumnDoc, Format, Text};
use crate::format;
use crate::headers::{headers, plain};
use crate::mapping::{check_from, is_path};
use crate::read::{Context, Fields};
use crate::sheet;
use crate::source::{COMMON, HEAD, require_schema};
use crate::spec::{Kind, Section, Words, optional, required};
use crate::tree::quoted;

/// Bytes of one answer.
const SIZE: u64 = 16 << 20;

/// Requests in a second.
const RATE: f64 = 10.0;

static METHODS: Words = Words {
    what: "method",
    now: &["GET", "POST"],
    later: &[],
};

pub(crate) static FORMATS: Words = Words {
    what: "format",
    now: &["json", "csv", "arrow"],
    later: &[],
};

/// What an answer may be: a workbook, too.
static ANSWERS: Words = Words {
    what: "format",
    now: &["json", "csv", "arrow", "xlsx"],
    later: &[],
};

/// `next`
static NEXT: Section = Section {
    title: "next",
    about: "Answers of several pages: as long as an answer has something at `from`, the next request says it in a query parameter.",
    groups: &[&[
        required(
            "from",
            Kind::Name,
            "\"$.next_cursor\"",
            "where an answer says how to ask for the next page",
        ),
        required(
            "into",
            Kind::Name,
            "\"cursor\"",
            "the query parameter that says it",
        ),
    ]],
    later: &[],
    example: "",
};

/// `connector = "http_client"`
pub(crate) static HTTP_CLIENT: Section = Section {
    title: "[source.NAME] with connector = \"http_client\"",
    about: "Asks an address for rows again and again. A live source; each answer's rows are rows, also where they are those of the answer before. ETag and Last-Modified are said back, and 304 means no rows. What fails is tried again, later and later, after a Retry-After at the soonest. See [sources](sources.md).",
    groups: &[
        HEAD,
        COMMON,
        &[
            required(
                "url",
                Kind::Url,
                "\"https://example.com/quotes?market=$market\"",
                "what is asked; redirects are not followed",
            ),
            required(
                "every",
                Kind::Duration,
                "\"5s\"",
                "from one poll to the next",
            ),
            optional(
                "method",
                Kind::Words(&METHODS),
                "`\"GET\"`",
                "\"POST\"",
                "how it is asked",
            ),
            optional(
                "body",
                Kind::Text,
                "none",
                "'{\"market\": \"OSE\"}'",
                "what a POST says; name its type in `headers`",
            ),
            optional(
                "headers",
                Kind::Map(&Kind::Text),
                "none",
                "{ Authorization = \"Bearer ${TOKEN}\" }",
                "headers of each request",
            ),
            optional(
                "format",
                Kind::Words(&ANSWERS),
                "`\"json\"`",
                "\"csv\"",
                "how answers are written; json: an array, one object, or one object a line",
            ),
            sheet::OPTION,
            optional(
                "rows",
                Kind::Name,
                "the answer itself",
                "\"$.data.quotes\"",
                "where in a JSON answer the array of rows is",
            ),
            optional(
                "next",
                Kind::Table(&NEXT),
                "one page",
                "{ from = \"$.next_cursor\", into = \"cursor\" }",
                "how the next page is asked for",
            ),
            optional(
                "rate",
                Kind::PositiveFloat,
                "`10.0`",
                "2.0",
                "most requests in a second, pages and retries counted",
            ),
            optional(
                "timeout",
                Kind::Duration,
                "`\"30s\"`",
                "\"10s\"",
                "how long a request and its answer may take",
            ),
            optional(
                "max_size",
                Kind::Size,
                "`\"16MiB\"`",
                "\"1MiB\"",
                "most bytes of one answer",
            ),
        ],
    ],
    later: &[],
    example: r#"[params]
market = "OSE"

[source.quotes]
connector = "http_client"
url = "https://example.com/quotes?market=$market"
every = "5s"
headers = { Authorization = "Bearer ${TOKEN:-none}" }
rows = "$.data.quotes"
next = { from = "$.next_cursor", into = "cursor" }
rate = 2.0
time = "ts"
[source.quotes.schema]
ts = { type = "timestamp", format = "epoch_ms" }
price = { type = "float64", from = "$.last.price" }
"#,
};

/// What the section says; none if a part that cannot be left out is wrong.
pub(crate) fn http_client(
    cx: &mut Context<'_>,
    name: &str,
    fields: &Fields,
    schema: &[ColumnDoc],
) -> Option<HttpClientDoc> {
    require_schema(cx, name, fields, schema, "connector \"http_client\"");
    let format = fields.word("format").map_or(Format::Json, format::of_word);
    let sheet = sheet::convert(cx, fields, Some(format));
    check_from(cx, schema, format, sheet.header);
    let rows = fields.text("rows");
    let next = fields.table("next");
    let from = next.and_then(|next| next.text("from"));
    for (option, path) in [("rows", &rows), ("next", &from)] {
        if let Some(path) = path {
            check_path(cx, path);
        }
        if let Some(key) = fields.key(option).filter(|_| format != Format::Json) {
            let shown = format::name(format);
            let message = format!("`{option}` looks into JSON, but the format is \"{shown}\"");
            cx.mistake(Diagnostic::at(key, message));
        }
    }
    let post = fields.word("method") == Some("POST");
    if let Some(key) = fields.key("body").filter(|_| !post) {
        let message = "a GET has no `body`";
        cx.mistake(Diagnostic::at(key, message).help("add `method = \"POST\"`"));
    }
    Some(HttpClientDoc {
        post,
        body: fields.text("body").map(|t| t.value),
        headers: plain(headers(cx, fields)),
        format,
        rows: rows.map(|t| t.value),
        next: next.and_then(|next| {
            let into = next.text("into")?.value;
            let from = from?.value;
            Some(NextPage { from, into })
        }),
        rate: fields.float("rate").unwrap_or(RATE),
        timeout: fields.micros("timeout").unwrap_or(30 * SECOND),
        max_size: fields.bytes("max_size").unwrap_or(SIZE),
        sheet,
        url: fields.name("url")?,
        every: fields.micros("every")?,
    })
}

pub(crate) fn check_path(cx: &mut Context<'_>, path: &Text) {
    let steps = path.value.strip_prefix('$');
    if !steps.is_some_and(|steps| steps.is_empty() || is_path(steps)) {
        let found = quoted(&path.value);
        let message = format!("expected a path like \"$.data.rows\", found {found}");
        cx.mistake(Diagnostic::at(path.span, message));
    }
}
