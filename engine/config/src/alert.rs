//! `[alert.NAME]`: an alert that is declared, without a plugin.

use zaraba_core::alert::Severity;
use zaraba_core::diagnostic::Diagnostic;

use crate::document::{Located, Text};
use crate::read::{Context, Fields, Typed};
use crate::spec::{Body, Kind, Least, NodeSpec, Section, Words, optional, required};
use crate::storm::{self, STORM, StormDoc};

/// `[alert.NAME]`
#[derive(Clone, Debug)]
pub struct AlertDoc {
    /// NAME
    pub name: Located<String>,
    /// `from`: the stream that it watches.
    pub from: Located<String>,
    /// `when`: the SQL condition under which it opens.
    pub when: Text,
    /// `clear`: the one under which it clears; none: `when` no longer holds.
    pub clear: Option<Text>,
    /// `for`, microseconds; 0 if left out.
    pub hold: i64,
    /// `severity`
    pub severity: SeverityDoc,
    /// `title`
    pub title: Option<TextsDoc>,
    /// `message`
    pub message: Option<TextsDoc>,
    /// `key`; none: the stream's.
    pub key: Option<Vec<Located<String>>>,
    /// `value`: an SQL expression.
    pub value: Option<Text>,
    /// `threshold`: an SQL expression.
    pub threshold: Option<Text>,
    /// `unit`
    pub unit: Option<String>,
    /// `link`: a template.
    pub link: Option<Text>,
    /// `kind`; none: its name.
    pub kind: Option<String>,
    /// `repeat`, microseconds; none: it is told once.
    pub repeat: Option<i64>,
    /// `cooldown` and `group`
    pub storm: StormDoc,
}

impl AlertDoc {
    /// All its SQL, each with the option that has it.
    pub fn sql(&self) -> impl Iterator<Item = (&'static str, &Text)> {
        let severities = match &self.severity {
            SeverityDoc::Always(_) => &[][..],
            SeverityDoc::First(conditions) => conditions.as_slice(),
        };
        [("when", Some(&self.when)), ("clear", self.clear.as_ref())]
            .into_iter()
            .chain([
                ("value", self.value.as_ref()),
                ("threshold", self.threshold.as_ref()),
            ])
            .filter_map(|(option, text)| Some((option, text?)))
            .chain(severities.iter().map(|(_, text)| ("severity", text)))
    }
}

/// `severity`
#[derive(Clone, Debug)]
pub enum SeverityDoc {
    /// A word.
    Always(Severity),
    /// SQL conditions, the worst severity first: the first that holds counts.
    First(Vec<(Severity, Text)>),
}

/// `title` or `message`: a template, or one a language, in the file's order.
#[derive(Clone, Debug)]
pub enum TextsDoc {
    /// One for everybody.
    One(Text),
    /// By language.
    ByLanguage(Vec<(Located<String>, Text)>),
}

/// `[alert.NAME]`
pub(crate) static ALERT: NodeSpec = NodeSpec {
    kind: "alert",
    body: Body::One(&SECTION),
};

static SEVERITIES: Words = Words {
    what: "severity",
    now: &["info", "watch", "high", "critical"],
    later: &[],
};

static SECTION: Section = Section {
    title: "[alert.NAME]",
    about: "Raises alerts while an SQL condition over the rows of a stream holds, per key and by event time. Its stream has the name of the alert; `alerts` is the stream of all of them.",
    groups: &[
        &[
            required(
                "from",
                Kind::Name,
                "\"balance\"",
                "the stream that it watches",
            ),
            required(
                "when",
                Kind::Sql,
                "\"pcr >= $band_high\"",
                "it opens when this SQL condition over a row holds; null does not",
            ),
            optional(
                "for",
                Kind::DurationOrZero,
                "`\"0s\"`",
                "\"3m\"",
                "how long `when` has to hold without a break before it opens, by event time. A row stands until the next of its key",
            ),
            optional(
                "clear",
                Kind::Sql,
                "`when` no longer holds",
                "\"pcr < $band_high - 0.05\"",
                "it clears when this holds; where both hold, this one counts",
            ),
            optional(
                "severity",
                Kind::Either(&Kind::Words(&SEVERITIES), &SEVERITY),
                "`\"watch\"`",
                "{ high = \"pcr >= 1.6\", watch = \"true\" }",
                "one word, or a condition each: the worst that holds counts",
            ),
            optional(
                "title",
                Kind::Texts,
                "its name and key",
                "{ ja = \"PCR {{ pcr | round(2) }}\", en = \"PCR {{ pcr | round(2) }}\" }",
                "a line: a template over the row's columns, or one a language",
            ),
            optional(
                "message",
                Kind::Texts,
                "empty",
                "\"{{ puts | thousands }} puts, {{ calls | thousands }} calls\"",
                "sentences, in the same manner",
            ),
            optional(
                "key",
                Kind::List(&Kind::Name, Least::None),
                "that of the stream; one alert for the whole of a stream without a key",
                "[\"sq_date\"]",
                "the columns that tell apart what it is about; `[]`: one alert for the whole stream",
            ),
            optional(
                "value",
                Kind::Sql,
                "none",
                "\"pcr\"",
                "the figure: an SQL expression",
            ),
            optional(
                "threshold",
                Kind::Sql,
                "none",
                "\"$band_high\"",
                "what the figure passed: an SQL expression",
            ),
            optional(
                "unit",
                Kind::Text,
                "none",
                "\"円\"",
                "of figure and threshold",
            ),
            optional(
                "link",
                Kind::Text,
                "none",
                "\"#/chain/{{ sq_date }}\"",
                "where a viewer finds more: a template",
            ),
            optional(
                "kind",
                Kind::Name,
                "its name",
                "\"balance\"",
                "what alerts of its kind are called; storms are of one kind",
            ),
            optional(
                "repeat",
                Kind::Duration,
                "none: it is told once",
                "\"30m\"",
                "while it is open it is told again as `update`, so long after it was told of last, by event time, with the row that stands then",
            ),
        ],
        &STORM,
    ],
    later: &[],
    example: r#"[params]
band_high = 1.3

[source.ticks]
connector = "file"
path = "data/*.parquet"
time = "ts"

[table.chain]
from = "ticks"
key = ["sq_date", "strike", "put_call"]

[query.balance]
every = "1s"
key = ["sq_date"]
sql = """
SELECT sq_date, sum(oi) FILTER (WHERE put_call = 'P')::double
       / sum(oi) FILTER (WHERE put_call = 'C') AS pcr
FROM chain GROUP BY sq_date"""

[alert.pcr_high]
from = "balance"
when = "pcr >= $band_high"
for = "3m"
clear = "pcr < $band_high - 0.05"
severity = { high = "pcr >= 1.6", watch = "true" }
title = { ja = "PCR {{ pcr | round(2) }}({{ sq_date }})", en = "PCR {{ pcr | round(2) }} ({{ sq_date }})" }
cooldown = "10m"

[sink.out]
connector = "stdout"
format = "json"
from = ["alerts"]
"#,
};

static SEVERITY: Section = Section {
    title: "severity",
    about: "Conditions are tried from `critical` down to `info`, wherever they stand in the file; the first that holds counts. Where none does, it is `info` when the alert opens, and later stays what it was.",
    groups: &[&[
        optional("critical", Kind::Sql, "", "\"pcr >= 2\"", "act now"),
        optional("high", Kind::Sql, "", "\"pcr >= 1.6\"", "act soon"),
        optional("watch", Kind::Sql, "", "\"true\"", "worth an eye"),
        optional("info", Kind::Sql, "", "\"true\"", "good to know"),
    ]],
    later: &[],
    example: "",
};

/// What the section says; none if a part that cannot be left out is wrong.
pub(crate) fn convert(
    cx: &mut Context<'_>,
    name: Located<String>,
    fields: &Fields,
) -> Option<AlertDoc> {
    let (title, message) = (texts(cx, fields, "title"), texts(cx, fields, "message"));
    let kind = fields.name("kind").map(|kind| kind.value);
    let severity = severity(cx, fields);
    Some(AlertDoc {
        name,
        from: fields.name("from")?,
        when: fields.text("when")?,
        clear: fields.text("clear"),
        hold: fields.micros("for").unwrap_or(0),
        severity,
        title,
        message,
        key: fields.names("key"),
        value: fields.text("value"),
        threshold: fields.text("threshold"),
        unit: fields.text("unit").map(|unit| unit.value),
        link: fields.text("link"),
        kind,
        repeat: fields.micros("repeat"),
        storm: storm::convert(fields),
    })
}

fn severity(cx: &mut Context<'_>, fields: &Fields) -> SeverityDoc {
    if let Some(own) = fields.table("severity") {
        let worst_first = Severity::ALL.into_iter().rev();
        let conditions = worst_first.filter_map(|of| Some((of, own.text(of.name())?)));
        let conditions: Vec<_> = conditions.collect();
        if conditions.is_empty() && own.whole {
            let help = "as in { high = \"pcr >= 1.6\", watch = \"true\" }";
            let mistake = Diagnostic::at(own.span, "`severity` has no condition");
            cx.mistake(mistake.help(help));
        }
        return SeverityDoc::First(conditions);
    }
    let word = fields.word("severity").unwrap_or("watch");
    let of = Severity::ALL.into_iter().find(|of| of.name() == word);
    SeverityDoc::Always(of.unwrap_or(Severity::Watch))
}

fn texts(cx: &mut Context<'_>, fields: &Fields, option: &str) -> Option<TextsDoc> {
    if let Some(text) = fields.text(option) {
        return Some(TextsDoc::One(text));
    }
    let mut all = Vec::new();
    for (language, text) in fields.map(option)? {
        if !is_language(&language.value) {
            let message = format!("`{}` is no language", language.value);
            let help = "languages are as in a web page: `ja`, `en`, `zh-TW`";
            cx.mistake(Diagnostic::at(language.span, message).help(help));
        }
        if let Typed::Text(text) = text.value {
            all.push((language, text));
        }
    }
    if all.is_empty() {
        let message = format!("`{option}` has no language");
        let help = "as in { ja = \"…\", en = \"…\" }";
        cx.mistake(Diagnostic::at(fields.at(option)?, message).help(help));
    }
    Some(TextsDoc::ByLanguage(all))
}

/// Two or three small letters, and perhaps more behind a hyphen.
fn is_language(tag: &str) -> bool {
    let (language, rest) = tag.split_once('-').unwrap_or((tag, "x"));
    let letters = language.chars().all(|c| c.is_ascii_lowercase());
    (2..=3).contains(&language.len())
        && letters
        && !rest.is_empty()
        && rest.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}
