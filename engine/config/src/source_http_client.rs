//! `connector = "http_client"`: an address that is asked for rows again and again.

use zaraba_core::diagnostic::Diagnostic;
use zaraba_core::time::SECOND;

use crate::captures::{EACH, Each, Names, check, says};
use crate::connector::{HttpClientDoc, NextPage, RequestDoc};
use crate::document::{ColumnDoc, Format, Text};
use crate::format;
use crate::headers::{headers, plain};
use crate::mapping::{check_from, is_path};
use crate::message::MessageDoc;
use crate::read::{Context, Fields};
use crate::requests::{REQUEST, checked, requests};
use crate::sheet;
use crate::source::{COMMON, HEAD, require_schema};
use crate::spec::{Kind, Least, Section, Words, optional, required};
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

/// An item of `before`
static BEFORE: Section = Section {
    title: "before",
    about: "A request that is made before the first poll, and again, at most once a poll, when one is answered 401 or 403. What its answer says can be put, as `{name}`, into the requests behind it and into `url`, `headers`, `body` and `after`; `{{name}}` stands for `{name}` itself.",
    groups: &[REQUEST],
    later: &[],
    example: "",
};

/// An item of `after`
static AFTER: Section = Section {
    title: "after",
    about: "A request that is made after each answer, which `{each}` and what `before` captured may be put into. When it fails, that is logged; the rows stay.",
    groups: &[REQUEST],
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
                "from one poll to the next; with `each`, from one round of all to the next",
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
                Kind::Message,
                "none",
                "{ market = \"$market\" }",
                "what a POST says: a text as it is (name its type in `headers`), or a table, sent as JSON",
            ),
            optional(
                "headers",
                Kind::Map(&Kind::Text),
                "none",
                "{ Authorization = \"Bearer ${TOKEN}\" }",
                "headers of each request for rows",
            ),
            optional(
                "before",
                Kind::List(&Kind::Table(&BEFORE), Least::None),
                "none",
                "[{ request = \"POST https://example.com/token\", capture = { token = \"$.token\" } }]",
                "requests that are made, in this order, before the first poll, and again when one is answered 401 or 403",
            ),
            optional(
                "each",
                Kind::TextList,
                "one poll for all",
                "[\"8411\", \"7203\"]",
                "what is asked for, one after the other, as `{each}` in `url`, `headers` and `body`; of an empty list nothing is",
            ),
            optional(
                "after",
                Kind::List(&Kind::Table(&AFTER), Least::None),
                "none",
                "[{ request = \"DELETE https://example.com/watched/{each}\" }]",
                "requests that are made, in this order, after each answer",
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
                "most requests in a second, pages, retries, `before` and `after` counted",
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
    let asked = asked(cx, fields);
    Some(HttpClientDoc {
        post,
        body: asked.body,
        headers: asked.headers,
        before: asked.before,
        each: asked.each,
        after: asked.after,
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

/// What is asked for, and beside it.
struct Asked {
    before: Vec<RequestDoc>,
    each: Option<Vec<String>>,
    after: Vec<RequestDoc>,
    headers: Vec<(String, String)>,
    body: Option<MessageDoc>,
}

fn asked(cx: &mut Context<'_>, fields: &Fields) -> Asked {
    let given = fields.key("each");
    let mut names = Names {
        captured: Vec::new(),
        each: Some(given.map_or(Each::Missing, |_| Each::Later)),
    };
    let before = requests(cx, fields, "before", &mut names);
    names.each = Some(given.map_or(Each::Missing, |_| Each::Known));
    let headers = headers(cx, fields);
    let mut texts: Vec<Text> = fields.text("url").into_iter().collect();
    texts.extend(headers.iter().map(|(_, value)| value.clone()));
    for text in &texts {
        check(cx, text, &names);
    }
    let body = fields.message("body").map(|body| {
        texts.extend(body.texts.clone());
        checked(cx, body, &names)
    });
    let said = texts.iter().any(|text| says(&text.value, EACH));
    if let Some(key) = given.filter(|_| !said && fields.has("url")) {
        let message = "`each` is not said in what is asked";
        let help = "put `{each}` into `url`, `headers` or `body`";
        cx.mistake(Diagnostic::at(key, message).help(help));
    }
    let each = fields.names("each");
    Asked {
        before,
        each: each.map(|items| items.into_iter().map(|item| item.value).collect()),
        after: requests(cx, fields, "after", &mut names),
        headers: plain(headers),
        body,
    }
}

pub(crate) fn check_path(cx: &mut Context<'_>, path: &Text) {
    let steps = path.value.strip_prefix('$');
    if !steps.is_some_and(|steps| steps.is_empty() || is_path(steps)) {
        let found = quoted(&path.value);
        let message = format!("expected a path like \"$.data.rows\", found {found}");
        cx.mistake(Diagnostic::at(path.span, message));
    }
}
