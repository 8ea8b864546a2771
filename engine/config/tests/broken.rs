//! What is left of a wrong pipeline file: the nodes without a mistake, and never a panic.

#![allow(clippy::expect_used, reason = "helpers of tests")]

use std::path::Path;

use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use zaraba_config::load::{LoadOptions, Loaded, load, load_text};

fn no_env(_: &str) -> Option<String> {
    None
}

fn options() -> LoadOptions<'static> {
    LoadOptions {
        profile: None,
        set: Vec::new(),
        env: &no_env,
    }
}

fn shown(loaded: &Loaded) -> String {
    loaded.sources.render_all(&loaded.diagnostics)
}

/// Names of the nodes that are right, and of those that are not.
fn nodes(text: &str) -> (Vec<String>, Vec<String>) {
    let document = load_text(Path::new("p.toml"), text, &options())
        .document
        .expect("document");
    let right = document
        .sources
        .iter()
        .map(|n| &n.name)
        .chain(document.queries.iter().map(|n| &n.name));
    (
        right.map(|n| n.value.clone()).collect(),
        document.broken.into_iter().collect(),
    )
}

#[test]
fn nodes_with_a_mistake_are_broken_and_the_others_are_there() {
    let good = "[query.good]\nsql = \"SELECT 1\"\n";
    for (bad, name) in [
        ("[query.bad]\n", "bad"),
        ("[query.bad]\nsql = \"${NOT_SET}\"\n", "bad"),
        ("[query.bad]\nsql = 'x'\nunknown = 1\n", "bad"),
        ("[query.bad]\nsql = 'x'\nevery = 5\n", "bad"),
        ("[source.bad]\nconnector = \"kafka\"\n", "bad"),
        (
            "[source.bad]\nconnector = \"channel\"\ntime = \"t\"\nschema = { t = \"timestamp\", x = { type = \"tex\" } }\n",
            "bad",
        ),
        ("[alert.bad]\n", "bad"),
        (
            "[sink.bad]\nconnector = \"file\"\nfrom = [\"x\"]\npath = \"x.csv.gz\"\n",
            "bad",
        ),
        ("[query.bad]\nsql = 'x' y\nevery = 5\n", "bad"),
        ("x 1\n[query.bad]\nsql = 'x'\n", "bad"), // behind what cannot be read
    ] {
        let (right, broken) = nodes(&format!("{good}{bad}"));
        assert_eq!(
            (right, broken),
            (vec!["good".to_owned()], vec![name.to_owned()]),
            "{bad}"
        );
    }
}

#[test]
fn places_are_right_behind_a_byte_order_mark_and_with_carriage_returns() {
    let loaded = load_text(
        Path::new("p.toml"),
        "\u{feff}name = 1\r\ntimezone = 2\r\n",
        &options(),
    );
    let text = shown(&loaded);
    assert!(
        text.contains("p.toml:2:12\n  |\n2 | timezone = 2\n  |            ^\n"),
        "{text}"
    );
}

#[test]
fn there_is_no_document_of_nothing() {
    let missing = load(Path::new("no/such/file.toml"), &options());
    assert!(missing.document.is_none());
    assert_eq!(
        shown(&missing),
        "error: cannot read `no/such/file.toml`: there is no such file\n\n1 mistake found\n"
    );
    let dir = tempfile::tempdir().expect("dir");
    let path = dir.path().join("p.toml");
    std::fs::write(&path, b"name = \"x\"\n\xff").expect("write");
    let loaded = load(&path, &options());
    assert!(loaded.document.is_none());
    assert!(
        shown(&loaded).contains("it is not UTF-8 (line 2, byte 11)"),
        "{}",
        shown(&loaded)
    );
    let loaded = load_text(Path::new("p.toml"), "what is this\n", &options());
    assert!(loaded.document.is_none());
    assert!(
        load_text(Path::new("p.toml"), "", &options())
            .document
            .is_some()
    );
}

/// Pipelines to break.
const SEEDS: [&str; 3] = [
    include_str!("mistakes/many_in_order/pipeline.toml"),
    include_str!("mistakes/wide_characters/pipeline.toml"),
    include_str!("mistakes/syntax_unclosed/pipeline.toml"),
];

/// What is put into them, apart from any character.
const SHARDS: [&str; 26] = [
    "\"",
    "'",
    "\"\"\"",
    "'''",
    "\\",
    "\n",
    "[",
    "]",
    "{",
    "}",
    "=",
    ",",
    ".",
    "#",
    "板",
    "😀",
    "\0",
    "${",
    "${A:-板}",
    "$x",
    "\\u12",
    "\r",
    "[profile.p]\n",
    "0x",
    "nan",
    "1979-05-27",
];

fn shards() -> impl Strategy<Value = String> {
    let word = (0..SHARDS.len()).prop_map(|i| SHARDS[i].to_owned());
    prop_oneof![word, any::<char>().prop_map(String::from)]
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(
        seed in 0..SEEDS.len(),
        edits in proptest::collection::vec((any::<u16>(), 0..4_usize, shards()), 1..6),
        profile in prop_oneof![Just(None), Just(Some("p".to_owned()))],
    ) {
        let mut chars: Vec<char> = SEEDS[seed].chars().collect();
        for (at, removed, put) in edits {
            let at = usize::from(at) % (chars.len() + 1);
            let end = (at + removed).min(chars.len());
            chars.splice(at..end, put.chars());
        }
        let text: String = chars.into_iter().collect();
        let loaded = load_text(Path::new("p.toml"), &text, &LoadOptions { profile, ..options() });
        let _ = shown(&loaded);
        for diagnostic in &loaded.diagnostics.0 {
            if let Some(span) = diagnostic.span {
                assert!(text.get(span.start..span.end).is_some(), "{diagnostic:?} in {text:?}");
            }
        }
    }
}
