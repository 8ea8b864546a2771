//! Where in a JSON answer the rows are, and their columns.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{InferredColumn, column, name_all};

/// How deep a row's values may lie, and an array of rows.
const DEPTH_MAX: usize = 3;

/// Most columns.
const COLUMNS_MAX: usize = 200;

/// A JSON answer as it seems to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InferredJson {
    /// `rows`, where the answer itself is neither an array nor the one row.
    pub rows: Option<String>,
    /// The columns of its rows.
    pub columns: Vec<InferredColumn>,
}

/// Reads an answer: a document, or one object a line.
///
/// # Errors
/// When it is no JSON, or has no objects.
pub fn infer_json(sample: &[u8]) -> Result<InferredJson, String> {
    let text = std::str::from_utf8(sample).map_err(|e| format!("expected UTF-8: {e}"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let document = match serde_json::from_str::<Value>(text) {
        Ok(document) => document,
        Err(error) => {
            let lines = text.lines().filter(|line| !line.trim().is_empty());
            let lines: Result<Vec<Value>, _> = lines.map(serde_json::from_str).collect();
            Value::Array(lines.map_err(|_| format!("expected JSON: {error}"))?)
        }
    };
    let (path, rows) = rows(&document, "$", 0).ok_or("expected rows that are objects, got none")?;
    let mut order = Vec::new();
    let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in &rows {
        leaves(row, "$", 0, &mut order, &mut values);
    }
    let mut columns: Vec<InferredColumn> = order
        .iter()
        .take(COLUMNS_MAX)
        .map(|path| {
            let found = &values[path];
            let texts: Vec<&str> = found.iter().map(String::as_str).collect();
            let name = path.strip_prefix("$.").unwrap_or(path);
            let nested = name.contains(['.', '[']);
            InferredColumn {
                from: nested.then(|| path.clone()),
                // A row whose field is missing is no different from one that has a null there.
                optional: found.len() < rows.len(),
                ..column(name, &texts, false)
            }
        })
        .collect();
    name_all(&mut columns);
    Ok(InferredJson {
        rows: (path != "$").then_some(path),
        columns,
    })
}

/// The first array of objects, the shallowest first; else the object itself.
fn rows<'a>(
    value: &'a Value,
    path: &str,
    depth: usize,
) -> Option<(String, Vec<&'a Map<String, Value>>)> {
    match value {
        Value::Array(items) => {
            let objects: Vec<_> = items.iter().filter_map(Value::as_object).collect();
            (!objects.is_empty()).then(|| (path.to_owned(), objects))
        }
        Value::Object(fields) => {
            let within = fields.iter().filter(|_| depth < DEPTH_MAX);
            let arrays = within.clone().filter(|(_, v)| v.is_array());
            let objects = within.filter(|(_, v)| v.is_object());
            let deeper = |(name, value): (&String, &'a Value)| {
                let step = step(name);
                let found = rows(value, &format!("{path}{step}"), depth + 1)?;
                // An object within is where an array is looked for, not a row by itself.
                (value.is_array() || !std::ptr::eq(found.1[0], value.as_object()?)).then_some(found)
            };
            let found = arrays.chain(objects).find_map(deeper);
            found.or_else(|| Some((path.to_owned(), vec![fields])))
        }
        _ => None,
    }
}

/// `.name`, or `['a name']`.
fn step(name: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    if !name.is_empty() && name.chars().all(plain) {
        format!(".{name}")
    } else {
        format!("['{name}']")
    }
}

/// The texts, numbers and flags of a row, by their paths.
fn leaves(
    row: &Map<String, Value>,
    path: &str,
    depth: usize,
    order: &mut Vec<String>,
    values: &mut BTreeMap<String, Vec<String>>,
) {
    for (name, value) in row {
        let path = format!("{path}{}", step(name));
        let text = match value {
            Value::Object(inner) if depth < DEPTH_MAX => {
                leaves(inner, &path, depth + 1, order, values);
                continue;
            }
            Value::Object(_) | Value::Array(_) => continue,
            Value::Null => None,
            Value::Bool(flag) => Some(flag.to_string()),
            Value::Number(number) => Some(number.to_string()),
            Value::String(text) => Some(text.clone()),
        };
        if !values.contains_key(&path) {
            order.push(path.clone());
        }
        values.entry(path).or_default().extend(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sample: &str, rows: Option<&str>, expected: &str) {
        let json = infer_json(sample.as_bytes()).unwrap();
        let shown: Vec<String> = json
            .columns
            .iter()
            .map(|c| {
                let from = c.from.as_ref().map_or(String::new(), |f| format!("<{f}"));
                let optional = if c.optional { "?" } else { "" };
                format!("{}{from}:{}{optional}", c.name, c.kind)
            })
            .collect();
        assert_eq!(
            (json.rows.as_deref(), shown.join(" ").as_str()),
            (rows, expected),
            "{sample}"
        );
    }

    #[test]
    fn answers() {
        check(r#"[{"a":1},{"a":2.5,"b":"x"}]"#, None, "a:float64 b:text?");
        check(
            r#"{"data":[{"Code":"0101","Vo":""}],"next":"k"}"#,
            Some("$.data"),
            "code<Code:text vo<Vo:text",
        );
        check(
            r#"{"ts":"2025-11-14T09:00:00Z","board":{"price":5,"qty":null}}"#,
            None,
            "ts:timestamp price<$.board.price:float64 qty<$.board.qty:text?",
        );
        check("{\"a\":1}\n{\"a\":2}\n", None, "a:float64");
        check("{\"id\":9007199254740993}", None, "id:int64");
        check(
            r#"{"r":{"q":[{"a b":true}]}}"#,
            Some("$.r.q"),
            "a_b<$['a b']:bool",
        );
        for wrong in ["", "{", "[1,2]", "7"] {
            assert!(infer_json(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
