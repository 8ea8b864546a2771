//! Parameters: a struct whose fields are the members of a JSON object. `#[derive(Params)]` reads them
//! and makes their JSON Schema; documentation comments become descriptions.
//!
//! ```
//! use zaraba_sdk::Params;
//! use zaraba_sdk::alert::Severity;
//! use zaraba_sdk::duration::Duration;
//! use zaraba_sdk::params::{parse, schema_text};
//!
//! #[derive(Debug, Params)]
//! struct Limits {
//!     /// From which price on, yen.
//!     #[param(default = 100.0, min = 0.0)]
//!     above: f64,
//!     /// Over how long.
//!     #[param(default = "5m")]
//!     window: Duration,
//!     /// Of which options.
//!     #[param(default = "call", one_of = ["call", "put"])]
//!     side: String,
//!     /// More of them.
//!     #[param(default = [])]
//!     bands: Vec<Band>,
//! }
//!
//! #[derive(Debug, Params)]
//! struct Band {
//!     /// Where it begins.
//!     from: f64,
//!     /// How much it matters.
//!     severity: Option<Severity>,
//! }
//!
//! let limits: Limits = parse(r#"{ "above": 50, "bands": [{ "from": 20, "severity": "high" }] }"#).unwrap();
//! assert_eq!((limits.above, limits.window.0, limits.bands[0].from), (50.0, 300_000_000, 20.0));
//! assert!(schema_text::<Limits>().contains(r#""minimum":0.0,"default":100.0"#));
//!
//! let wrong = |text: &str| parse::<Limits>(text).unwrap_err();
//! assert_eq!(wrong(r#"{ "above": -1 }"#), "`above` must be at least 0, not -1");
//! assert_eq!(wrong(r#"{ "side": "c" }"#), r#"`side` must be one of "call", "put", not "c""#);
//! assert_eq!(wrong(r#"{ "bands": [{}] }"#), "`bands[0].from` is missing: a number");
//! ```

use serde_json::{Map, Value, json};

use crate::alert::Severity;

/// A struct of parameters. Derived.
pub trait Params: Sized {
    /// Its members.
    fn members() -> Vec<Member>;

    /// Reads it.
    ///
    /// # Errors
    /// The first that is wrong.
    fn read(object: &Map<String, Value>) -> Result<Self, Unfit>;
}

/// No parameters.
impl Params for () {
    fn members() -> Vec<Member> {
        Vec::new()
    }

    fn read(_object: &Map<String, Value>) -> Result<Self, Unfit> {
        Ok(())
    }
}

/// A member as its schema says it.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its name.
    pub name: &'static str,
    /// Its type, default, range and description.
    pub schema: Value,
    /// Whether it must be given.
    pub required: bool,
}

/// What is wrong, and where: `bands[0].from`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    path: String,
    what: String,
}

impl Unfit {
    /// Something else was expected.
    #[must_use]
    pub fn expected(what: &str, got: &Value) -> Self {
        Self::because(format!("must be {what}, not {got}"))
    }

    const fn because(what: String) -> Self {
        let path = String::new();
        Self { path, what }
    }

    /// The same, seen from the outside.
    fn within(mut self, outer: &str) -> Self {
        let dot = if self.path.is_empty() || self.path.starts_with('[') {
            ""
        } else {
            "."
        };
        self.path = format!("{outer}{dot}{}", self.path);
        self
    }
}

impl std::fmt::Display for Unfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.path.as_str() {
            "" => f.write_str(&self.what),
            path => write!(f, "`{path}` {}", self.what),
        }
    }
}

/// The type of a member.
pub trait Param: Sized {
    /// Its JSON Schema.
    fn schema() -> Value;

    /// Reads it.
    ///
    /// # Errors
    /// When it is of another type.
    fn read(value: &Value) -> Result<Self, Unfit>;
}

/// What a schema wants, with its article.
fn kind(schema: &Value) -> String {
    let kind = schema["type"].as_str().unwrap_or("value");
    let vowel = kind.starts_with(['a', 'i', 'o']);
    format!("{} {kind}", if vowel { "an" } else { "a" })
}

macro_rules! param {
    ($of:ty, $name:literal, $read:expr) => {
        impl Param for $of {
            fn schema() -> Value {
                json!({ "type": $name })
            }

            fn read(value: &Value) -> Result<Self, Unfit> {
                ($read)(value).ok_or_else(|| Unfit::expected(&kind(&Self::schema()), value))
            }
        }
    };
}

param!(f64, "number", Value::as_f64);
param!(i64, "integer", Value::as_i64);
param!(bool, "boolean", Value::as_bool);
param!(String, "string", |value: &Value| value
    .as_str()
    .map(str::to_owned));

/// How severities are written, the least first.
const SEVERITIES: [(&str, Severity); 4] = [
    ("info", Severity::Info),
    ("watch", Severity::Watch),
    ("high", Severity::High),
    ("critical", Severity::Critical),
];

impl Param for Severity {
    fn schema() -> Value {
        json!({ "type": "string", "enum": SEVERITIES.map(|(name, _)| name) })
    }

    fn read(value: &Value) -> Result<Self, Unfit> {
        let mut named = SEVERITIES.iter();
        let found = named.find(|(name, _)| Some(*name) == value.as_str());
        let choices = || choices(&SEVERITIES.map(|(name, _)| name));
        found
            .map(|(_, severity)| *severity)
            .ok_or_else(|| Unfit::expected(&choices(), value))
    }
}

impl<P: Params> Param for P {
    fn schema() -> Value {
        schema::<P>()
    }

    fn read(value: &Value) -> Result<Self, Unfit> {
        let Value::Object(object) = value else {
            return Err(Unfit::expected("an object", value));
        };
        let names: Vec<&str> = P::members().iter().map(|member| member.name).collect();
        if let Some(name) = object.keys().find(|name| !names.contains(&name.as_str())) {
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            let only = match names.is_empty() {
                true => "there is none".to_owned(),
                false => format!("there are {}", names.join(", ")),
            };
            return Err(Unfit::because("is no parameter: ".to_owned() + &only).within(name));
        }
        <P as Params>::read(object)
    }
}

impl<P: Param> Param for Vec<P> {
    fn schema() -> Value {
        json!({ "type": "array", "items": P::schema() })
    }

    fn read(value: &Value) -> Result<Self, Unfit> {
        let expected = || Unfit::expected("an array", value);
        let items = value.as_array().ok_or_else(expected)?.iter().enumerate();
        let read = |(i, item)| P::read(item).map_err(|unfit| unfit.within(&format!("[{i}]")));
        items.map(read).collect()
    }
}

impl<P: Param> Param for Option<P> {
    fn schema() -> Value {
        P::schema()
    }

    fn read(value: &Value) -> Result<Self, Unfit> {
        match value {
            Value::Null => Ok(None),
            value => P::read(value).map(Some),
        }
    }
}

/// What the derive knows of a member beside its type.
#[derive(Clone, Debug, Default)]
pub struct Says {
    /// What it is.
    pub description: &'static str,
    /// What it is if left out.
    pub default: Option<Value>,
    /// The least it may be; of an array: each of it.
    pub min: Option<f64>,
    /// The most it may be.
    pub max: Option<f64>,
    /// All that it may be; empty: anything.
    pub one_of: &'static [&'static str],
}

fn choices(of: &[&str]) -> String {
    let quoted: Vec<String> = of.iter().map(|choice| format!("{choice:?}")).collect();
    format!("one of {}", quoted.join(", "))
}

impl Says {
    /// Puts range and choices into a schema; of an array: into that of its items.
    fn limit(&self, schema: &mut Value) {
        if let Some(items) = schema.get_mut("items") {
            return self.limit(items);
        }
        let Value::Object(of) = schema else { return };
        for (name, bound) in [("minimum", self.min), ("maximum", self.max)] {
            of.extend(bound.map(|bound| (name.to_owned(), bound.into())));
        }
        if !self.one_of.is_empty() {
            of.insert("enum".to_owned(), self.one_of.into());
        }
    }

    /// Whether a value keeps to range and choices.
    fn check(&self, value: &Value) -> Result<(), Unfit> {
        match value {
            Value::Array(items) => items.iter().enumerate().try_for_each(|(i, item)| {
                let checked = self.check(item);
                checked.map_err(|unfit| unfit.within(&format!("[{i}]")))
            }),
            Value::String(text)
                if !self.one_of.is_empty() && !self.one_of.contains(&text.as_str()) =>
            {
                Err(Unfit::expected(&choices(self.one_of), value))
            }
            Value::Number(number) => match (number.as_f64(), self.min, self.max) {
                (Some(n), Some(min), _) if n < min => {
                    Err(Unfit::expected(&format!("at least {min}"), value))
                }
                (Some(n), _, Some(max)) if n > max => {
                    Err(Unfit::expected(&format!("at most {max}"), value))
                }
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }
}

/// A member's schema.
#[must_use]
pub fn member<P: Param>(name: &'static str, says: Says, optional: bool) -> Member {
    let mut schema = P::schema();
    says.limit(&mut schema);
    let required = says.default.is_none() && !optional;
    if let Value::Object(of) = &mut schema {
        of.extend(says.default.map(|default| ("default".to_owned(), default)));
        of.insert("description".to_owned(), says.description.into());
    }
    Member {
        name,
        schema,
        required,
    }
}

/// Reads a member of an object, or its default.
///
/// # Errors
/// When it is missing, of another type or out of its range.
pub fn take<P: Param>(object: &Map<String, Value>, name: &str, says: &Says) -> Result<P, Unfit> {
    let given = object.get(name).or(says.default.as_ref());
    let value = given.unwrap_or(&Value::Null);
    let missing = || Unfit::because(format!("is missing: {}", kind(&P::schema())));
    let read = match P::read(value) {
        Err(_) if given.is_none() => Err(missing()),
        read => read.and_then(|read| says.check(value).map(|()| read)),
    };
    read.map_err(|unfit| unfit.within(name))
}

/// The JSON Schema of a struct of parameters.
fn schema<P: Params>() -> Value {
    let members = P::members();
    let required: Vec<&str> = members
        .iter()
        .filter(|m| m.required)
        .map(|m| m.name)
        .collect();
    let properties: Map<String, Value> = members
        .iter()
        .map(|member| (member.name.to_owned(), member.schema.clone()))
        .collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

/// The JSON Schema of a struct of parameters, as text.
#[must_use]
pub fn schema_text<P: Params>() -> String {
    schema::<P>().to_string()
}

/// Reads a struct of parameters.
///
/// # Errors
/// What is wrong.
pub fn parse<P: Params>(text: &str) -> Result<P, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if !value.is_object() {
        return Err(format!("parameters are an object, not {value}"));
    }
    <P as Param>::read(&value).map_err(|unfit| unfit.to_string())
}
