//! Options of a declared alert that can take another value while it runs: as a text, as they stand
//! in the file.

use zaraba_config::document::{AlertDoc, SeverityDoc, Text};
use zaraba_core::alert::Severity;
use zaraba_core::suggest::hint;
use zaraba_core::time::{duration_text, parse_duration};

/// What an option that is left out reads, and what leaves it out.
const NONE: &str = "none";

/// An option: its name, its value, and how it takes another.
struct Opt {
    name: &'static str,
    value: fn(&AlertDoc) -> String,
    set: fn(&mut AlertDoc, &str) -> Result<(), String>,
}

const OPTIONS: [Opt; 8] = [
    Opt {
        name: "when",
        value: |doc| doc.when.value.clone(),
        set: |doc, value| match value {
            NONE | "" => Err("expected an SQL condition".to_owned()),
            sql => {
                doc.when = text(&doc.when, sql);
                Ok(())
            }
        },
    },
    Opt {
        name: "for",
        value: |doc| duration_text(doc.hold),
        set: |doc, value| duration(value).map(|micros| doc.hold = micros),
    },
    Opt {
        name: "clear",
        value: |doc| shown(doc.clear.as_ref()),
        set: |doc, value| {
            doc.clear = sql(&doc.when, value);
            Ok(())
        },
    },
    Opt {
        name: "severity",
        value: |doc| match &doc.severity {
            SeverityDoc::Always(one) => one.name().to_owned(),
            SeverityDoc::First(all) => {
                let one =
                    |(of, text): &(Severity, Text)| format!("{} = {:?}", of.name(), text.value);
                let all: Vec<String> = all.iter().map(one).collect();
                format!("{{ {} }}", all.join(", "))
            }
        },
        set: |doc, value| {
            let of = Severity::ALL.into_iter().find(|of| of.name() == value);
            let expected = "expected info, watch, high or critical (conditions change in the file)";
            doc.severity = SeverityDoc::Always(of.ok_or(expected)?);
            Ok(())
        },
    },
    Opt {
        name: "cooldown",
        value: |doc| length(doc.storm.cooldown),
        set: |doc, value| optional(value).map(|micros| doc.storm.cooldown = micros),
    },
    Opt {
        name: "repeat",
        value: |doc| length(doc.repeat),
        set: |doc, value| optional(value).map(|micros| doc.repeat = micros),
    },
    Opt {
        name: "value",
        value: |doc| shown(doc.value.as_ref()),
        set: |doc, value| {
            doc.value = sql(&doc.when, value);
            Ok(())
        },
    },
    Opt {
        name: "threshold",
        value: |doc| shown(doc.threshold.as_ref()),
        set: |doc, value| {
            doc.threshold = sql(&doc.when, value);
            Ok(())
        },
    },
];

fn shown(text: Option<&Text>) -> String {
    text.map_or_else(|| NONE.to_owned(), |text| text.value.clone())
}

/// A text that stands in no file.
fn text(near: &Text, value: &str) -> Text {
    Text {
        value: value.to_owned(),
        span: near.span,
        offsets: Vec::new(),
    }
}

fn sql(near: &Text, value: &str) -> Option<Text> {
    (value != NONE && !value.is_empty()).then(|| text(near, value))
}

fn duration(value: &str) -> Result<i64, String> {
    let expected = || format!("expected a duration like 5m, got `{value}`");
    parse_duration(value).ok_or_else(expected)
}

fn length(micros: Option<i64>) -> String {
    micros.map_or_else(|| NONE.to_owned(), duration_text)
}

/// A duration that may be left out; none at all is as if it were.
fn optional(value: &str) -> Result<Option<i64>, String> {
    let micros = if value == NONE { 0 } else { duration(value)? };
    Ok((micros > 0).then_some(micros))
}

/// All of them, with their values.
pub(crate) fn all(doc: &AlertDoc) -> Vec<(&'static str, String)> {
    let one = |opt: &Opt| (opt.name, (opt.value)(doc));
    OPTIONS.iter().map(one).collect()
}

/// Gives one another value.
///
/// # Errors
/// What was expected, or which options there are.
pub(crate) fn set(doc: &mut AlertDoc, name: &str, value: &str) -> Result<(), String> {
    let names = OPTIONS.map(|opt| opt.name);
    let Some(opt) = OPTIONS.iter().find(|opt| opt.name == name) else {
        let hint = hint(name, names);
        let names = names.join(", ");
        return Err(format!(
            "of an alert {names} can change while it runs, `{name}` cannot{hint}: change the file \
             and run it again"
        ));
    };
    (opt.set)(doc, value.trim())
}
