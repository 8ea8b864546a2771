//! What can be set of an alert or a rule for a trial: parameters of its plugin, parameters of the
//! pipeline, and how long it holds and cools.

use serde_json::Value as Json;
use zaraba_config::document::{Argument, Document, Located, Value};
use zaraba_config::params::parse;
use zaraba_core::error::{Error, Result};
use zaraba_core::suggest::hint;
use zaraba_core::time::parse_duration;

/// A number that can be set, and what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Number {
    /// Its name.
    pub name: String,
    /// What it is now.
    pub value: f64,
    /// Whether it has no fraction.
    pub whole: bool,
    /// The least that it may be.
    pub least: Option<f64>,
    /// The most.
    pub most: Option<f64>,
    /// Whose it is.
    pub owner: Owner,
}

/// Whose a parameter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The plugin's: `params` of the rule.
    Plugin,
    /// The pipeline's: `[params]`.
    Pipeline,
}

/// The JSON Schema of the parameters of a rule's plugin, and what they are now; empty for an alert.
#[derive(Clone, Debug, Default)]
pub(super) struct OfPlugin {
    pub(super) schema: serde_json::Map<String, Json>,
    pub(super) now: serde_json::Map<String, Json>,
}

/// The durations of a node that can be set.
const DURATIONS: [&str; 2] = ["cooldown", "for"];

impl OfPlugin {
    fn properties(&self) -> impl Iterator<Item = (&String, &Json)> {
        let properties = self.schema.get("properties").and_then(Json::as_object);
        properties.into_iter().flatten()
    }

    fn has(&self, name: &str) -> bool {
        self.properties().any(|(known, _)| known == name)
    }
}

/// Sets it in the document, for this node.
///
/// # Errors
/// When there is nothing of this name, or the value is none for it.
pub(super) fn set(
    document: &mut Document,
    node: &str,
    plugin: &OfPlugin,
    name: &str,
    value: &str,
) -> Result<()> {
    let wrong = |expected: &str| {
        let text = format!("{name}={value}: expected {expected}, got `{value}`");
        Error::user(text)
    };
    if plugin.has(name) {
        let json = serde_json::from_str(value).unwrap_or_else(|_| Json::from(value));
        set_param(document, node, name, json);
        return Ok(());
    }
    if let Some((_, param)) = document.params.iter_mut().find(|(n, _)| n == name) {
        param.value = parse(value, &param.value).map_err(wrong)?;
        return Ok(());
    }
    let time = || parse_duration(value).ok_or_else(|| wrong("a duration like `5m`"));
    let alert = document.alerts.iter_mut().find(|n| n.name.value == node);
    let rule = document.rules.iter_mut().find(|n| n.name.value == node);
    match (name, alert, rule) {
        ("for", Some(alert), _) => alert.hold = time()?,
        ("cooldown", Some(alert), _) => alert.storm.cooldown = Some(time()?).filter(|t| *t > 0),
        ("cooldown", _, Some(rule)) => rule.storm.cooldown = Some(time()?).filter(|t| *t > 0),
        _ => return Err(unknown(document, node, plugin, name)),
    }
    Ok(())
}

fn set_param(document: &mut Document, node: &str, name: &str, value: Json) {
    let Some(rule) = document.rules.iter_mut().find(|n| n.name.value == node) else {
        return;
    };
    let span = rule.plugin.span;
    rule.params.retain(|(param, _)| param.value != name);
    let name = Located {
        value: name.to_owned(),
        span,
    };
    let value = Located {
        value: Argument::Plain(value),
        span,
    };
    rule.params.push((name, value));
}

fn unknown(document: &Document, node: &str, plugin: &OfPlugin, name: &str) -> Error {
    let of_plugin: Vec<&str> = plugin.properties().map(|(name, _)| name.as_str()).collect();
    let of_pipeline: Vec<&str> = document
        .params
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    let all = of_plugin.iter().chain(&of_pipeline).chain(&DURATIONS);
    let hint = hint(name, all.copied());
    let has = [
        ("its plugin", of_plugin),
        ("the pipeline's [params]", of_pipeline),
    ];
    let has = has.iter().filter(|(_, names)| !names.is_empty());
    let has: Vec<String> = has
        .map(|(whose, names)| format!("{whose} has {}", names.join(", ")))
        .collect();
    let all = [has, vec![format!("there are {}", DURATIONS.join(", "))]].concat();
    let all = all.join("; ");
    Error::user(format!("`{name}` cannot be set of `{node}`{hint}: {all}"))
}

/// The numbers that can be set: the plugin's, then those of the pipeline that the node reads. A
/// parameter of the plugin that is one of the pipeline is that one.
pub(super) fn numbers(
    document: &Document,
    node: &str,
    read: &[String],
    plugin: &OfPlugin,
) -> Vec<Number> {
    let own = given(document, node);
    let handed = |name: &String| {
        let mut own = own.iter();
        own.any(|(param, value)| param.value == *name && matches!(value.value, Argument::Param(_)))
    };
    let of_plugin = plugin.properties().filter(|(name, _)| !handed(name));
    let of_plugin = of_plugin.filter_map(|(name, schema)| {
        let number = |key: &str| schema.get(key).and_then(Json::as_f64);
        let kind = schema.get("type").and_then(Json::as_str)?;
        let numeric = matches!(kind, "number" | "integer");
        Some(Number {
            name: name.clone(),
            value: plugin.now.get(name).and_then(Json::as_f64)?,
            whole: kind == "integer",
            least: number("minimum"),
            most: number("maximum"),
            owner: Owner::Plugin,
        })
        .filter(|_| numeric)
    });
    let params = document
        .params
        .iter()
        .filter(|(name, _)| read.contains(name));
    let of_pipeline = params.filter_map(|(name, value)| {
        let (value, whole) = match value.value {
            Value::Int(whole) => (whole as f64, true),
            Value::Float(number) => (number, false),
            _ => return None,
        };
        Some(Number {
            name: name.clone(),
            value,
            whole,
            least: None,
            most: None,
            owner: Owner::Pipeline,
        })
    });
    of_plugin.chain(of_pipeline).collect()
}

fn given<'a>(document: &'a Document, node: &str) -> &'a [(Located<String>, Located<Argument>)] {
    let rule = document.rules.iter().find(|n| n.name.value == node);
    rule.map_or(&[], |rule| &rule.params)
}

/// The `params` of a rule as they are written, with another value of one.
pub(super) fn written(document: &Document, node: &str, name: &str, value: &str) -> String {
    let own = given(document, node).iter();
    let own = own.filter(|(param, _)| param.value != name);
    let own = own.map(|(param, value)| format!("{} = {}", param.value, toml(&value.value)));
    let all: Vec<String> = own.chain([format!("{name} = {value}")]).collect();
    format!("params = {{ {} }}", all.join(", "))
}

/// An argument as TOML has it.
fn toml(argument: &Argument) -> String {
    match argument {
        // Texts, numbers and lists are written alike.
        Argument::Plain(value) => value.to_string(),
        Argument::Param(name) => format!("\"${name}\""),
        Argument::List(items) => {
            let items: Vec<String> = items.iter().map(toml).collect();
            format!("[{}]", items.join(", "))
        }
        Argument::Table(fields) => {
            let fields = fields.iter();
            let fields = fields.map(|(name, value)| format!("{name} = {}", toml(value)));
            format!("{{ {} }}", fields.collect::<Vec<_>>().join(", "))
        }
    }
}
