//! Where columns stand in a JSON object: the paths `$.Board.Price` and `$.a[0].b` of all columns as
//! one tree, so that a line is walked once.

use zaraba_config::document::ColumnDoc;
use zaraba_core::error::{Error, Result};

/// What is wanted of one JSON value.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// The columns that it is the value of.
    pub(super) columns: Vec<usize>,
    /// What is wanted of its fields, if it is an object.
    pub(super) fields: Vec<(Vec<u8>, Node)>,
    /// What is wanted of its items, if it is an array.
    pub(super) items: Vec<(usize, Node)>,
}

impl Node {
    /// The node of a field, if anything is wanted of it.
    pub(super) fn field(&self, name: &[u8]) -> Option<&Self> {
        self.fields
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, node)| node)
    }

    /// The node of an item.
    pub(super) fn item(&self, index: usize) -> Option<&Self> {
        self.items
            .iter()
            .find(|(i, _)| *i == index)
            .map(|(_, node)| node)
    }

    fn step(&mut self, step: Step) -> &mut Self {
        match step {
            Step::Field(name) => entry(&mut self.fields, name.into_bytes()),
            Step::Item(index) => entry(&mut self.items, index),
        }
    }
}

/// The node of a key, made if there is none.
fn entry<K: PartialEq>(list: &mut Vec<(K, Node)>, key: K) -> &mut Node {
    let i = list
        .iter()
        .position(|(k, _)| *k == key)
        .unwrap_or(list.len());
    if i == list.len() {
        list.push((key, Node::default()));
    }
    &mut list[i].1
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Field(String),
    Item(usize),
}

/// The tree of columns, each with its number.
pub(super) fn tree<'a>(columns: impl IntoIterator<Item = (usize, &'a ColumnDoc)>) -> Result<Node> {
    let mut root = Node::default();
    for (i, doc) in columns {
        let path = doc.from.as_ref().map_or(&doc.name.value, |t| &t.value);
        let steps = steps(path).ok_or_else(|| {
            Error::user(format!(
                "column `{}`: expected a path such as `$.board.price` or `$.levels[0].price`, got \
                 `{path}`",
                doc.name.value
            ))
        })?;
        steps
            .into_iter()
            .fold(&mut root, Node::step)
            .columns
            .push(i);
    }
    Ok(root)
}

/// The steps of a path; without a `$` it is a field's name.
pub(super) fn steps(path: &str) -> Option<Vec<Step>> {
    let Some(mut rest) = path.strip_prefix('$') else {
        return Some(vec![Step::Field(path.to_owned())]);
    };
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            steps.push(Step::Field(after[..end].to_owned()));
            rest = &after[end..];
            (end > 0).then_some(())?;
        } else {
            let (step, after) = bracket(rest.strip_prefix('[')?)?;
            steps.push(step);
            rest = after;
        }
    }
    (!steps.is_empty()).then_some(steps)
}

/// `0]` or `'a name']` and what follows.
fn bracket(text: &str) -> Option<(Step, &str)> {
    for quote in ['\'', '"'] {
        if let Some(name) = text.strip_prefix(quote) {
            let (name, rest) = name.split_once(quote)?;
            return Some((Step::Field(name.to_owned()), rest.strip_prefix(']')?));
        }
    }
    let (index, rest) = text.split_once(']')?;
    Some((Step::Item(index.parse().ok()?), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let field = |name: &str| Step::Field(name.to_owned());
        for (path, expected) in [
            ("Price", Some(vec![field("Price")])),
            ("a.b", Some(vec![field("a.b")])),
            ("$.Board.Price", Some(vec![field("Board"), field("Price")])),
            (
                "$.a[0].b",
                Some(vec![field("a"), Step::Item(0), field("b")]),
            ),
            (
                "$.m[1][2]",
                Some(vec![field("m"), Step::Item(1), Step::Item(2)]),
            ),
            ("$['a b']", Some(vec![field("a b")])),
            ("$.板[\"値.段\"]", Some(vec![field("板"), field("値.段")])),
            ("$", None),
            ("$.", None),
            ("$.a.", None),
            ("$a", None),
            ("$.a[*]", None),
            ("$.a[0", None),
        ] {
            assert_eq!(steps(path), expected, "{path}");
        }
    }
}
