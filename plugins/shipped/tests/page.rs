//! The rules that are shipped, on their page: written from their manifests and the schemas of their
//! parameters. `ZARABA_BLESS=1 cargo test -p shipped` writes it anew.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::fmt::Write as _;
use std::path::Path;

use zaraba_sdk::bindings::{Field, Manifest};
use zaraba_sdk::glue::describe;
use zaraba_sdk::serde_json::{Value, from_str};

/// Where the part begins and ends.
const MARKS: [&str; 2] = [
    "<!-- from the manifests: ZARABA_BLESS=1 cargo test -p shipped, in plugins/ -->\n",
    "<!-- up to here -->\n",
];

fn shipped() -> [Manifest; 8] {
    [
        describe::<session_move::SessionMove>(),
        describe::<price_jump::PriceJump>(),
        describe::<oi_jump::OiJump>(),
        describe::<volume_surge::VolumeSurge>(),
        describe::<band_crossing::BandCrossing>(),
        describe::<all_red::AllRed>(),
        describe::<divergence::Divergence>(),
        describe::<feed_stall::FeedStall>(),
    ]
}

/// `price`, and `volume` if there.
fn columns(fields: &[Field]) -> String {
    let named = |optional: bool| {
        let fields = fields.iter().filter(|field| field.optional == optional);
        let names: Vec<String> = fields.map(|field| format!("`{}`", field.name)).collect();
        names.join(", ")
    };
    match (named(false), named(true)) {
        (needed, optional) if optional.is_empty() && needed.is_empty() => "no column".to_owned(),
        (needed, optional) if optional.is_empty() => needed,
        (needed, optional) if needed.is_empty() => format!("if there {optional}"),
        (needed, optional) => format!("{needed}; if there {optional}"),
    }
}

/// What a parameter may be, beside its default.
fn said(schema: &Value) -> String {
    let mut said = schema["description"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    if let Some(choices) = schema["enum"].as_array() {
        let choices: Vec<String> = choices.iter().map(|choice| format!("`{choice}`")).collect();
        write!(said, ": {}", choices.join(", ")).unwrap();
    }
    if let Some(of) = schema["items"]["properties"].as_object() {
        let members: Vec<String> = of.keys().map(|member| format!("`{member}`")).collect();
        write!(said, ". Each has {}", members.join(", ")).unwrap();
    }
    said
}

fn written() -> String {
    let mut text = String::new();
    for manifest in shipped() {
        let (name, description) = (&manifest.name, &manifest.description);
        writeln!(
            text,
            "\n### `{name}`\n\n{description}: [`plugins/{name}`](../../plugins/{name}/src/lib.rs)."
        )
        .unwrap();
        for stream in &manifest.streams {
            writeln!(
                text,
                "It reads `{}`: {}.",
                stream.name,
                columns(&stream.fields)
            )
            .unwrap();
        }
        let outputs: Vec<String> = manifest
            .outputs
            .iter()
            .map(|f| format!("`{}`", f.name))
            .collect();
        if !outputs.is_empty() {
            writeln!(
                text,
                "Its alerts have {} beside their own columns.",
                outputs.join(", ")
            )
            .unwrap();
        }
        writeln!(
            text,
            "\n| parameter | default | what it is |\n|---|---|---|"
        )
        .unwrap();
        let schema: Value = from_str(&manifest.params_schema).unwrap();
        for (name, schema) in schema["properties"].as_object().unwrap() {
            let default = schema.get("default").map(|default| format!("`{default}`"));
            let default = default.unwrap_or_else(|| "none".to_owned());
            writeln!(text, "| `{name}` | {default} | {} |", said(schema)).unwrap();
        }
    }
    text + "\n"
}

#[test]
fn the_page_is_what_the_rules_say() {
    let path = Path::new("../../docs/reference/rules.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (before, rest) = page.split_once(MARKS[0]).expect("the page has the part");
    let (shown, after) = rest.split_once(MARKS[1]).expect("the part ends");
    let written = written();
    if std::env::var_os("ZARABA_BLESS").is_some() {
        let page = format!("{before}{}{written}{}{after}", MARKS[0], MARKS[1]);
        return std::fs::write(path, page).unwrap();
    }
    assert_eq!(shown, written);
}

/// Every message is in Japanese and English, Japanese first.
#[test]
fn every_message_is_in_both_languages() {
    for manifest in shipped() {
        let said: Vec<(&str, &str)> = manifest
            .messages
            .iter()
            .map(|message| (message.code.as_str(), message.language.as_str()))
            .collect();
        assert!(
            !said.is_empty() && said.len().is_multiple_of(2),
            "{}",
            manifest.name
        );
        for pair in said.chunks(2) {
            assert_eq!((pair[0].1, pair[1].1), ("ja", "en"), "{}", manifest.name);
            assert_eq!(pair[0].0, pair[1].0, "{}", manifest.name);
        }
    }
}
