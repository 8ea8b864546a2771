//! Parameters: a struct whose fields are the members of a JSON object. `#[derive(Params)]` reads them
//! and makes their JSON Schema; documentation comments become descriptions.

use serde_json::{Map, Value, json};

/// A struct of parameters. Derived.
pub trait Params: Sized {
    /// Its members.
    fn members() -> Vec<Member>;

    /// Reads it.
    ///
    /// # Errors
    /// What is wrong.
    fn read(object: &Map<String, Value>) -> Result<Self, String>;
}

/// No parameters.
impl Params for () {
    fn members() -> Vec<Member> {
        Vec::new()
    }

    fn read(_object: &Map<String, Value>) -> Result<Self, String> {
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

/// The type of a member.
pub trait Param: Sized {
    /// Its JSON Schema.
    fn schema() -> Value;

    /// Reads it; none if it is of another type.
    fn read(value: &Value) -> Option<Self>;
}

macro_rules! param {
    ($of:ty, $name:literal, $read:expr) => {
        impl Param for $of {
            fn schema() -> Value {
                json!({ "type": $name })
            }

            fn read(value: &Value) -> Option<Self> {
                ($read)(value)
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

impl<P: Param> Param for Vec<P> {
    fn schema() -> Value {
        json!({ "type": "array", "items": P::schema() })
    }

    fn read(value: &Value) -> Option<Self> {
        value.as_array()?.iter().map(P::read).collect()
    }
}

impl<P: Param> Param for Option<P> {
    fn schema() -> Value {
        P::schema()
    }

    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
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
    /// The least it may be.
    pub min: Option<f64>,
    /// The most it may be.
    pub max: Option<f64>,
}

/// A member's schema.
#[must_use]
pub fn member<P: Param>(name: &'static str, says: Says, optional: bool) -> Member {
    let mut schema = P::schema();
    if let Value::Object(of) = &mut schema {
        let mut put = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                of.insert(key.to_owned(), value);
            }
        };
        put("minimum", says.min.map(Value::from));
        put("maximum", says.max.map(Value::from));
        put("default", says.default.clone());
        put("description", Some(says.description.into()));
    }
    Member {
        name,
        schema,
        required: says.default.is_none() && !optional,
    }
}

/// Reads a member of an object, or its default.
///
/// # Errors
/// When it is missing, of another type or out of its range.
pub fn take<P: Param>(object: &Map<String, Value>, name: &str, says: &Says) -> Result<P, String> {
    let given = object.get(name).or(says.default.as_ref());
    let value = given.unwrap_or(&Value::Null);
    let kind = || {
        let kind = P::schema()["type"].as_str().unwrap_or("value").to_owned();
        let vowel = kind.starts_with(['a', 'i', 'o']);
        format!("{} {kind}", if vowel { "an" } else { "a" })
    };
    let read = P::read(value).ok_or_else(|| match given {
        Some(value) => format!("`{name}` must be {}, not {value}", kind()),
        None => format!("`{name}` is missing: {}", kind()),
    })?;
    if let Some(number) = value.as_f64() {
        match (says.min, says.max) {
            (Some(min), _) if number < min => {
                return Err(format!("`{name}` must be at least {min}, not {number}"));
            }
            (_, Some(max)) if number > max => {
                return Err(format!("`{name}` must be at most {max}, not {number}"));
            }
            _ => {}
        }
    }
    Ok(read)
}

/// The JSON Schema of a struct of parameters.
#[must_use]
pub fn schema_text<P: Params>() -> String {
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
    .to_string()
}

/// Reads a struct of parameters.
///
/// # Errors
/// What is wrong.
pub fn parse<P: Params>(text: &str) -> Result<P, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let Value::Object(object) = value else {
        return Err(format!("parameters are an object, not {value}"));
    };
    let members = P::members();
    if let Some(name) = object
        .keys()
        .find(|name| members.iter().all(|m| m.name != *name))
    {
        return Err(format!("there is no parameter `{name}`"));
    }
    P::read(&object)
}
