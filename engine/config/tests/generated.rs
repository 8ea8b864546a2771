//! The reference page and the JSON Schema are made from the specs: the committed files are what
//! the program says (`ZARABA_BLESS=1` writes them anew), every example on the page is a pipeline
//! without mistakes, and the schema agrees with the validator on them.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "helpers of tests")]

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use zaraba_config::json_schema::json_schema;
use zaraba_config::load::{LoadOptions, load_text};
use zaraba_config::reference::reference;

fn committed(name: &str, text: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference");
    let path: PathBuf = folder.join(name);
    if std::env::var_os("ZARABA_BLESS").is_some() {
        std::fs::create_dir_all(&folder).expect("folder");
        std::fs::write(&path, text).expect("write");
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == text,
        "{name} is not what the specs say: run with ZARABA_BLESS=1"
    );
}

#[test]
fn files_are_what_the_specs_say() {
    committed("pipeline.md", &reference());
    committed("pipeline.schema.json", &json_schema());
}

fn examples() -> Vec<String> {
    let page = reference();
    let blocks = page.split("```toml\n").skip(1);
    blocks
        .map(|b| b.split("```").next().expect("end").to_owned())
        .collect()
}

#[test]
fn every_example_is_a_pipeline() {
    let options = LoadOptions {
        profile: None,
        set: Vec::new(),
        env: &|_| None,
    };
    assert!(examples().len() >= 10);
    for example in examples() {
        let loaded = load_text(Path::new("example.toml"), &example, &options);
        let shown = loaded.sources.render_all(&loaded.diagnostics);
        assert!(loaded.diagnostics.is_empty(), "{example}\n{shown}");
    }
}

#[test]
fn profiles_of_examples_can_be_chosen() {
    let example = examples()
        .into_iter()
        .find(|e| e.contains("[profile.sim"))
        .expect("one");
    let profile = Some("sim".to_owned());
    let options = LoadOptions {
        profile,
        set: Vec::new(),
        env: &|_| None,
    };
    let loaded = load_text(Path::new("example.toml"), &example, &options);
    assert!(
        loaded.diagnostics.is_empty(),
        "{}",
        loaded.sources.render_all(&loaded.diagnostics)
    );
}

/// TOML as an editor's schema checker sees it.
fn to_json(value: &toml::Value) -> Value {
    match value {
        toml::Value::String(s) => Value::from(s.as_str()),
        toml::Value::Integer(i) => Value::from(*i),
        toml::Value::Float(f) => Value::from(*f),
        toml::Value::Boolean(b) => Value::from(*b),
        toml::Value::Datetime(t) => Value::from(t.to_string()),
        toml::Value::Array(items) => items.iter().map(to_json).collect(),
        toml::Value::Table(table) => {
            Value::Object(table.iter().map(|(k, v)| (k.clone(), to_json(v))).collect())
        }
    }
}

/// As much of JSON Schema as ours uses; of patterns only that for a variable.
fn valid(schema: &Value, value: &Value) -> bool {
    let Value::Object(schema) = schema else {
        panic!("{schema}")
    };
    schema
        .iter()
        .all(|(keyword, wanted)| holds(schema, keyword, wanted, value))
}

fn holds(schema: &Map<String, Value>, keyword: &str, wanted: &Value, value: &Value) -> bool {
    let list = || wanted.as_array().expect("list").iter();
    let number = |n: &Value| n.as_f64().expect("number");
    match (keyword, value) {
        ("pattern", Value::String(s)) if wanted == r"\$\{" => s.contains("${"),
        ("$schema" | "title" | "description" | "pattern" | "propertyNames", _) => true,
        ("type", _) => match wanted {
            Value::String(one) => is_type(one, value),
            many => many
                .as_array()
                .expect("types")
                .iter()
                .any(|t| is_type(t.as_str().unwrap(), value)),
        },
        ("const", _) => wanted == value,
        ("enum", _) => list().any(|w| w == value),
        ("anyOf", _) => list().any(|s| valid(s, value)),
        ("oneOf", _) => list().filter(|s| valid(s, value)).count() == 1,
        ("properties", Value::Object(map)) => map
            .iter()
            .all(|(k, v)| wanted.get(k).is_none_or(|schema| valid(schema, v))),
        ("additionalProperties", Value::Object(map)) => {
            let known = |k: &str| schema.get("properties").is_some_and(|p| p.get(k).is_some());
            map.iter()
                .filter(|(k, _)| !known(k))
                .all(|(_, v)| match wanted {
                    Value::Bool(allowed) => *allowed,
                    schema => valid(schema, v),
                })
        }
        ("required", Value::Object(map)) => list().all(|k| map.contains_key(k.as_str().unwrap())),
        ("items", Value::Array(items)) => items.iter().all(|v| valid(wanted, v)),
        ("minItems", Value::Array(items)) => items.len() as f64 >= number(wanted),
        ("maxItems", Value::Array(items)) => items.len() as f64 <= number(wanted),
        ("minLength", Value::String(s)) => s.chars().count() as f64 >= number(wanted),
        ("minimum", Value::Number(n)) => n.as_f64().unwrap() >= number(wanted),
        ("maximum", Value::Number(n)) => n.as_f64().unwrap() <= number(wanted),
        ("exclusiveMinimum", Value::Number(n)) => n.as_f64().unwrap() > number(wanted),
        (
            "properties"
            | "additionalProperties"
            | "required"
            | "items"
            | "minItems"
            | "maxItems"
            | "minLength"
            | "minimum"
            | "maximum"
            | "exclusiveMinimum",
            _,
        ) => true,
        _ => panic!("keyword {keyword}"),
    }
}

fn is_type(name: &str, value: &Value) -> bool {
    match name {
        "string" => value.is_string(),
        "integer" => value.is_i64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => panic!("type {name}"),
    }
}

#[test]
fn the_schema_takes_the_examples() {
    let schema: Value = serde_json::from_str(&json_schema()).expect("json");
    for example in examples() {
        let table: toml::Value = toml::from_str(&example).expect("toml");
        assert!(valid(&schema, &to_json(&table)), "{example}");
    }
}

#[test]
fn the_schema_refuses_what_the_validator_refuses() {
    let schema: Value = serde_json::from_str(&json_schema()).expect("json");
    let cases = [
        "unknown_option",
        "unknown_section",
        "unknown_connector",
        "connector_later",
        "connector_missing",
        "missing_options",
        "wrong_types",
        "ranges",
        "enum_words",
        "option_of_another_connector",
        "column_types",
        "not_built_sections",
    ];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mistakes");
    for case in cases {
        let text = std::fs::read_to_string(folder.join(case).join("pipeline.toml")).expect(case);
        let table: toml::Value = toml::from_str(&text).expect(case);
        assert!(!valid(&schema, &to_json(&table)), "{case}");
    }
}
