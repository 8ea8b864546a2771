//! `connector = "webhook"`: rows as requests to a chat, a mail gateway or any other server.

use std::path::PathBuf;

use zaraba_core::diagnostic::Diagnostic;
use zaraba_core::time::SECOND;

use crate::document::{Located, Text};
use crate::headers::{headers, plain};
use crate::path;
use crate::read::{Context, Fields, Typed};
use crate::sink::COMMON;
use crate::source::located_path;
use crate::spec::{Kind, Least, Section, Words, optional, required};
use crate::tree::quoted;

/// Rows that wait.
const QUEUE: usize = 1_000;

/// Rows of one request, where rows waited.
const DIGEST_ROWS: usize = 20;

static METHODS: Words = Words {
    what: "method",
    now: &["POST", "PUT"],
    later: &[],
};

static TEMPLATES: Words = Words {
    what: "template",
    now: &["discord", "slack", "line"],
    later: &[],
};

static HOURS: Kind = Kind::List(&Kind::Text, Least::One);

/// `connector = "webhook"`
pub(crate) static WEBHOOK: Section = Section {
    title: "[sink.NAME] with connector = \"webhook\"",
    about: "Sends rows to a server: a chat, a mail gateway, anything that takes a request. What fails is tried again; what failed for good, or finds no room to wait, is written to the dead letters. See [sinks](sinks.md).",
    groups: &[
        COMMON,
        &[
            required(
                "url",
                Kind::Url,
                "\"${DISCORD_WEBHOOK}\"",
                "where requests go; redirects are not followed, and messages show the host alone",
            ),
            optional(
                "template",
                Kind::Words(&TEMPLATES),
                "as `body` says",
                "\"discord\"",
                "the body that a service wants, around `text`",
            ),
            optional(
                "body",
                Kind::Text,
                "as `template` says",
                "'{ \"message\": \"{{ text }}\", \"count\": {{ count }} }'",
                "a template of the body: `text`, `rows`, `count`, and without `digest` and `quiet_hours` the row's columns. Values are escaped as the Content-Type wants: for JSON, which it is if `headers` does not say, or for a form",
            ),
            optional(
                "text",
                Kind::Text,
                "all columns with their names",
                "\"{{ title }}: {{ value | round(2) }}\"",
                "a template of a row in words, over its columns and `stream`",
            ),
            optional(
                "method",
                Kind::Words(&METHODS),
                "`\"POST\"`",
                "\"PUT\"",
                "how it is sent",
            ),
            optional(
                "headers",
                Kind::Map(&Kind::Text),
                "none",
                "{ Authorization = \"Bearer ${LINE_TOKEN}\" }",
                "headers of each request",
            ),
            optional(
                "digest",
                Kind::Table(&DIGEST),
                "a request for each row",
                "{ every = \"1m\", max = 20 }",
                "several rows in one request",
            ),
            optional(
                "quiet_hours",
                Kind::Text,
                "none",
                "\"23:00-07:00\"",
                "by the clock in the pipeline's `timezone`: rows that come then wait for the end, and are sent several in one request",
            ),
            optional(
                "except",
                Kind::Map(&HOURS),
                "none",
                "{ severity = [\"critical\"] }",
                "rows that are sent in quiet hours: those with one of these values in the column",
            ),
            optional(
                "rate",
                Kind::PositiveFloat,
                "`1.0`",
                "0.5",
                "most requests in a second, retries counted",
            ),
            optional(
                "timeout",
                Kind::Duration,
                "`\"10s\"`",
                "\"30s\"",
                "how long a request and its answer may take",
            ),
            optional(
                "retries",
                Kind::Int(0, 100),
                "`5`",
                "10",
                "how often a request is sent again after no answer, 408, 429 or 5xx: after 1 s, 2 s, 4 s and so on to a minute, or as Retry-After says",
            ),
            optional(
                "queue",
                Kind::Int(1, 1_000_000),
                "`1000`",
                "100",
                "rows that may wait; one more goes to the dead letters, for the pipeline never waits",
            ),
            optional(
                "drain",
                Kind::DurationOrZero,
                "`\"10s\"`",
                "\"30s\"",
                "how long the end of a run waits for what is not sent yet; then it goes to the dead letters",
            ),
            optional(
                "dead_letter",
                Kind::Path,
                "`NAME.dead.jsonl`",
                "\"out/alerts.dead.jsonl\"",
                "a file to which rows that were not sent are added, each a line of JSON with the reason",
            ),
        ],
    ],
    later: &[],
    example: r#"timezone = "Asia/Tokyo"

[source.signals]
connector = "http_server"
listen = "127.0.0.1:8226"
time = "ts"
schema = { ts = "timestamp", severity = "text", title = "text", value = "float64" }

[sink.chat]
connector = "webhook"
from = ["signals"]
url = "${DISCORD_WEBHOOK:-https://discord.com/api/webhooks/ID/TOKEN}"
template = "discord"
text = "{{ title }}: {{ value | round(2) }}"
digest = { every = "1m", max = 20 }
quiet_hours = "23:00-07:00"
except = { severity = ["critical"] }
dead_letter = "out/chat.dead.jsonl"
"#,
};

static DIGEST: Section = Section {
    title: "digest",
    about: "Several rows in one request.",
    groups: &[&[
        required(
            "every",
            Kind::Duration,
            "\"1m\"",
            "how long the first row waits for others",
        ),
        optional(
            "max",
            Kind::Int(1, 1_000),
            "`20`",
            "50",
            "most rows of one request",
        ),
    ]],
    later: &[],
    example: "",
};

/// Options of a sink with `connector = "webhook"`.
#[derive(Clone, Debug)]
pub struct WebhookDoc {
    /// `url`
    pub url: Located<String>,
    /// `template` or `body`
    pub form: WebhookForm,
    /// `text`
    pub text: Option<Located<String>>,
    /// Whether `method` is PUT.
    pub put: bool,
    /// `headers`
    pub headers: Vec<(String, String)>,
    /// `digest`
    pub digest: Option<DigestDoc>,
    /// `quiet_hours` and `except`
    pub quiet: Option<QuietDoc>,
    /// `rate`: most requests in a second.
    pub rate: f64,
    /// `timeout`, microseconds for one request and its answer.
    pub timeout: i64,
    /// `retries`
    pub retries: u32,
    /// `queue`, rows.
    pub queue: usize,
    /// `drain`, microseconds.
    pub drain: i64,
    /// `dead_letter`, resolved.
    pub dead_letter: PathBuf,
}

/// What a request's body is.
#[derive(Clone, Debug)]
pub enum WebhookForm {
    /// `template`: `discord`, `slack` or `line`.
    Service(&'static str),
    /// `body`: a template of one's own.
    Body(Located<String>),
}

/// `digest`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DigestDoc {
    /// `every`, microseconds; none: rows wait for the end of quiet hours only.
    pub every: Option<i64>,
    /// `max`, rows.
    pub max: usize,
}

/// `quiet_hours` and `except`
#[derive(Clone, Debug)]
pub struct QuietDoc {
    /// First minute of the day that is quiet, and the first that is not.
    pub hours: (u32, u32),
    /// Columns, and values in them with which a row is sent all the same.
    pub except: Vec<(Located<String>, Vec<String>)>,
}

/// What the section says; none if a part that cannot be left out is wrong.
pub(crate) fn webhook(cx: &mut Context<'_>, name: &str, fields: &Fields) -> Option<WebhookDoc> {
    let headers = plain(headers(cx, fields));
    let form = form(cx, fields);
    let quiet = quiet(cx, fields);
    let digest = fields.table("digest").map(|digest| DigestDoc {
        every: digest.micros("every"),
        max: rows(digest.int("max")).unwrap_or(DIGEST_ROWS),
    });
    let waits = quiet.is_some().then_some(DigestDoc {
        every: None,
        max: DIGEST_ROWS,
    });
    let url = fields.name("url")?;
    let dead_letter = match fields.text("dead_letter") {
        Some(path) => located_path(cx, &path).value,
        None => path::resolve(cx.sources, &beside(name, &url)),
    };
    Some(WebhookDoc {
        form: form?,
        text: fields.name("text"),
        put: fields.word("method") == Some("PUT"),
        headers,
        digest: digest.or(waits),
        quiet,
        rate: fields.float("rate").unwrap_or(1.0),
        timeout: fields.micros("timeout").unwrap_or(10 * SECOND),
        retries: fields
            .int("retries")
            .map_or(5, |n| n.try_into().unwrap_or(0)),
        queue: rows(fields.int("queue")).unwrap_or(QUEUE),
        drain: fields.micros("drain").unwrap_or(10 * SECOND),
        dead_letter,
        url,
    })
}

fn rows(n: Option<i64>) -> Option<usize> {
    n.and_then(|n| n.try_into().ok())
}

/// A file named after the sink, beside the file that says the URL.
fn beside(name: &str, url: &Located<String>) -> Text {
    Text {
        value: format!("{name}.dead.jsonl"),
        span: url.span,
        offsets: Vec::new(),
    }
}

/// One of `template` and `body`.
fn form(cx: &mut Context<'_>, fields: &Fields) -> Option<WebhookForm> {
    let body = fields.name("body").map(WebhookForm::Body);
    let service = fields.word("template").map(WebhookForm::Service);
    match (fields.key("body"), fields.key("template")) {
        (Some(_), Some(key)) => {
            let message = "expected one of `template` and `body`, found both";
            cx.mistake(Diagnostic::at(key, message));
        }
        (None, None) => {
            let message = "expected `template` or `body`: what a request says";
            let help = "`template = \"discord\"`, \"slack\" or \"line\", or a `body` of your own: \
                        body = '{ \"message\": \"{{ text }}\" }'";
            cx.missing(Diagnostic::at(fields.span, message).help(help));
        }
        _ => {}
    }
    body.or(service)
}

fn quiet(cx: &mut Context<'_>, fields: &Fields) -> Option<QuietDoc> {
    let mut except = Vec::new();
    for (column, values) in fields.map("except").unwrap_or_default() {
        let Typed::List(values) = values.value else {
            continue;
        };
        let texts = values.into_iter().filter_map(|value| match value.value {
            Typed::Text(text) => Some(text.value),
            _ => None,
        });
        except.push((column, texts.collect()));
    }
    let Some(text) = fields.text("quiet_hours") else {
        if let (Some(key), None) = (fields.key("except"), fields.key("quiet_hours")) {
            let message = "`except` is of `quiet_hours`, which there are not";
            cx.mistake(Diagnostic::at(key, message));
        }
        return None;
    };
    let hours = text.value.split_once('-');
    let hours = hours.and_then(|(from, until)| Some((minute(from)?, minute(until)?)));
    if let Some(hours) = hours.filter(|(from, until)| from != until) {
        return Some(QuietDoc { hours, except });
    }
    let found = quoted(&text.value);
    let message = format!("expected hours like \"23:00-07:00\", found {found}");
    cx.mistake(Diagnostic::at(text.span, message));
    None
}

/// The minute of the day of `07:30`; 24:00 is that of 00:00.
fn minute(text: &str) -> Option<u32> {
    let (hour, minute) = text.trim().split_once(':')?;
    let number = |digits: &str, max: u32| {
        let right = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
        digits.parse::<u32>().ok().filter(|n| right && *n <= max)
    };
    let minutes = number(hour, 24)? * 60 + number(minute, 59)?;
    (minutes <= 24 * 60).then_some(minutes % (24 * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes() {
        for (text, expected) in [
            ("00:00", Some(0)),
            ("07:30", Some(450)),
            (" 23:59 ", Some(1439)),
            ("24:00", Some(0)),
            ("24:01", None),
            ("7:30", None),
            ("07:60", None),
            ("+7:30", None),
            ("0700", None),
            ("", None),
        ] {
            assert_eq!(minute(text), expected, "{text}");
        }
    }
}
