//! What the planner says of whole forms that it does not know, in our words: it would print its
//! own tree, or name what it took a name for.

use crate::plan::mistake::{SqlMistake, find_word};

/// `Unsupported ast node Pivot { table: … }`
pub(super) fn form(message: &str, sql: &str) -> Option<SqlMistake> {
    let rest = message.strip_prefix("Unsupported ast node ")?;
    let end = rest.find(|c: char| !c.is_alphanumeric());
    let node = &rest[..end.unwrap_or(rest.len())];
    let mut word = String::new();
    for c in node.chars() {
        if c.is_uppercase() && !word.is_empty() {
            word.push('_');
        }
        word.push(c.to_ascii_uppercase());
    }
    let mistake = SqlMistake::new(format!("{word} is not built yet")).at_word(sql, &word);
    Some(match word.as_str() {
        "PIVOT" => {
            mistake.help("write a column for each value: sum(x) FILTER (WHERE key = 'a') AS a, …")
        }
        "UNPIVOT" => mistake.help("write a branch for each column: SELECT … UNION ALL SELECT …"),
        _ => mistake,
    })
}

/// A subquery as a value that reads the row around it.
pub(super) fn correlated(message: &str, sql: &str) -> Option<SqlMistake> {
    message.strip_prefix("Correlated scalar subquery must be aggregated")?;
    let message = "a query inside an expression that reads the row around it gives one row: it \
                   must be aggregated, and in a streaming query it is not built yet";
    let help = "join the table: `FROM stream LEFT JOIN table ON …`; or keep tables and use a query \
                with `every`";
    let mut mistake = SqlMistake::new(message).help(help);
    mistake.at = subquery(sql).and_then(|from| {
        let (start, end) = find_word(&sql[from..], "SELECT")?;
        Some((from + start, from + end))
    });
    Some(mistake)
}

/// `x.k` where a nearer input has a column `x`: a field of that column.
pub(super) fn field(message: &str, sql: &str) -> Option<SqlMistake> {
    let at = message.find("Cannot access field at argument")?;
    let kind = message[at..].split_once(": type ").map(|(_, rest)| rest);
    let kind = kind.and_then(|rest| rest.split_once(" is not Struct"));
    let kind = kind.map_or_else(String::new, |(kind, _)| super::wording::typed(kind));
    let found = subquery(sql).and_then(|from| outer(sql, from));
    let name = found.map_or("name", |(start, end)| &sql[start..end]);
    let message = format!(
        "`{name}.…` is read as a field of the column `{name}`, which is of type {kind} and has none"
    );
    let help = format!("give the input `{name}` an alias that no column is called by");
    let mut mistake = SqlMistake::new(message).help(help);
    mistake.at = found;
    Some(mistake)
}

/// Where the text of the first subquery begins.
fn subquery(sql: &str) -> Option<usize> {
    let lower = sql.to_ascii_lowercase();
    let mut opened = lower.match_indices('(').map(|(i, _)| i + 1);
    opened.find(|i| lower[*i..].trim_start().starts_with("select"))
}

/// The first name before a dot that the text from there on does not declare.
fn outer(sql: &str, from: usize) -> Option<(usize, usize)> {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    let text = &sql[from..];
    let before_dot = |(dot, _): (usize, &str)| {
        let start = text[..dot].rfind(|c| !inside(c)).map_or(0, |i| i + 1);
        let name = &text[start..dot];
        let first = name.chars().next()?;
        (first.is_alphabetic() || first == '_').then_some((start, dot))
    };
    let declared = |name: &str| {
        text.match_indices(name).any(|(i, _)| {
            let end = i + name.len();
            let whole = !text[..i].ends_with(inside) && !text[end..].starts_with(inside);
            whole && !text[end..].starts_with('.') && !text[..i].ends_with('.')
        })
    };
    let mut names = text.match_indices('.').filter_map(before_dot);
    let (start, end) = names.find(|(start, end)| !declared(&text[*start..*end]))?;
    Some((from + start, from + end))
}
