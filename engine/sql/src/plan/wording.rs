//! What DataFusion says of SQL, in our words: lower case, what was expected and what came, a
//! place where the message names something that stands in the SQL, and a way out. A list of rules,
//! each of which knows one message; what no rule knows is passed on, tidied.

use zaraba_core::suggest;
use zaraba_finance::indicator::table::find as indicator;

use crate::plan::mistake::{SqlMistake, find_word};
use crate::plan::unbuilt;

/// The table that stands for the rows of a condition such as `drop_when`.
pub(crate) const ROWS: &str = "__rows";

/// What DataFusion and Arrow put before their messages.
const PREFIXES: [&str; 7] = [
    "Error during planning: ",
    "Internal error: ",
    "Arrow error: ",
    "Invalid argument error: ",
    "Cast error: ",
    "Parser error: ",
    "This feature is not implemented: ",
];

/// Functions that are nothing without OVER.
const NEED_OVER: [&str; 9] = [
    "row_number",
    "rank",
    "dense_rank",
    "percent_rank",
    "cume_dist",
    "ntile",
    "lag",
    "lead",
    crate::over::counter_delta::NAME,
];

/// A rule: none if the message is not the one that it knows.
type Rule = fn(&str, &str) -> Option<SqlMistake>;

const RULES: &[Rule] = &[
    no_function,
    nested_over,
    two_columns,
    not_grouped,
    having,
    own_signature,
    no_signature,
    condition,
    comparison,
    arithmetic,
    no_cast,
    rows_by_time,
    no_literal,
    wall_clock,
    union_columns,
    no_common_type,
    unordered,
    recursive,
    filter,
    unbuilt::form,
    unbuilt::correlated,
    unbuilt::field,
];

/// A message in our words.
pub(crate) fn reword(message: &str, sql: &str) -> SqlMistake {
    let mut message = message.trim();
    while let Some(rest) = PREFIXES.iter().find_map(|p| message.strip_prefix(p)) {
        message = rest;
    }
    let message = message.replace(&format!("{ROWS}."), "");
    let known = RULES.iter().find_map(|rule| rule(&message, sql));
    known.unwrap_or_else(|| tidied(&message, sql))
}

/// The first sentence, and the second as the way out.
fn tidied(message: &str, sql: &str) -> SqlMistake {
    let one_line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let next = |(i, _): &(usize, &str)| one_line[i + 2..].starts_with(char::is_uppercase);
    let split = one_line.match_indices(". ").find(next);
    let (first, second) = match split {
        Some((i, _)) => (&one_line[..i], Some(&one_line[i + 2..])),
        None => (one_line.as_str(), None),
    };
    let quoted = first.split(['\'', '"', '`']).nth(1);
    let mut mistake = SqlMistake::new(decapitalised(first));
    mistake.help = second.map(decapitalised);
    let clause = ["WHERE", "HAVING"]
        .into_iter()
        .find(|word| first.contains(word));
    mistake.at = [quoted, clause]
        .into_iter()
        .flatten()
        .find_map(|word| find_word(sql, word));
    mistake
}

/// Messages are lower case without a full stop.
pub(crate) fn decapitalised(message: &str) -> String {
    let message = message.trim().trim_end_matches('.');
    let first_word = message.split_whitespace().next().unwrap_or("");
    if first_word.chars().skip(1).any(char::is_uppercase) || first_word.contains('(') {
        return message.to_owned();
    }
    let mut chars = message.chars();
    chars
        .next()
        .map_or_else(String::new, |c| c.to_lowercase().chain(chars).collect())
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(found, _)| found)
}

fn no_function(message: &str, sql: &str) -> Option<SqlMistake> {
    let name = between(message, "Invalid function '", "'")?;
    if NEED_OVER.contains(&name) || indicator(name).is_some() {
        let message = format!("{name}() is a function of a row and its neighbours");
        let help = format!("write {name}(…) OVER (PARTITION BY … ORDER BY …)");
        return Some(SqlMistake::new(message).help(help).at_word(sql, name));
    }
    // DataFusion names the nearest, however far it is.
    let hint = suggest::hint(name, between(message, "Did you mean '", "'"));
    Some(SqlMistake::new(format!("no function `{name}`{hint}")).at_word(sql, name))
}

fn nested_over(message: &str, sql: &str) -> Option<SqlMistake> {
    message
        .to_lowercase()
        .strip_prefix("window function calls cannot be nested")?;
    let inner = between(message, "'", "(")?;
    let mistake = SqlMistake::new("a call with OVER cannot stand inside another");
    Some(
        mistake
            .help("compute the inner one in a subquery")
            .at_word(sql, inner),
    )
}

fn two_columns(message: &str, sql: &str) -> Option<SqlMistake> {
    let rest = message.strip_prefix("Projections require unique expression names")?;
    let second = between(rest, "and \"", "\" at position")?;
    let name = match second.rsplit_once(" AS ") {
        Some((_, alias)) => alias,
        None if second.contains('(') => second,
        None => second.rsplit('.').next().unwrap_or(second),
    };
    let message = format!("two columns are called `{name}`");
    let mut mistake = SqlMistake::new(message).help("give one another name with AS");
    // The later of the two stands last before FROM.
    let from = find_word(sql, "FROM").map_or(sql.len(), |(start, _)| start);
    let mut searched = 0;
    while let Some((start, end)) = find_word(&sql[searched..from], name) {
        mistake.at = Some((searched + start, searched + end));
        searched += end;
    }
    Some(mistake)
}

fn not_grouped(message: &str, sql: &str) -> Option<SqlMistake> {
    if !message.contains("must be part of an aggregate function") {
        return None;
    }
    let name = between(message, "column \"", "\"")?;
    let name = name.rsplit('.').next().unwrap_or(name);
    let message = format!("column `{name}` is neither in GROUP BY nor inside an aggregate");
    Some(
        SqlMistake::new(message)
            .help(format!("add `{name}` to GROUP BY"))
            .at_word(sql, name),
    )
}

fn having(message: &str, sql: &str) -> Option<SqlMistake> {
    message.strip_prefix("HAVING clause references")?;
    let message = "HAVING asks for what is neither in GROUP BY nor inside an aggregate";
    let help = "conditions on single rows are written with WHERE";
    Some(SqlMistake::new(message).help(help).at_word(sql, "HAVING"))
}

/// A function of our own says what it takes: `NAME(ARGUMENTS): expected … found TYPE`.
fn own_signature(message: &str, sql: &str) -> Option<SqlMistake> {
    let name = between(
        message,
        "Function '",
        "' user-defined coercion failed with: ",
    )?;
    let said = between(message, "failed with: ", " No function matches")?;
    let said = said.strip_prefix("Error during planning: ").unwrap_or(said);
    let (usage, expected) = said.split_once(": ")?;
    let (expected, found) = expected.rsplit_once(", found ")?;
    if !usage.starts_with(name) || !expected.starts_with("expected ") {
        return None;
    }
    let mistake = SqlMistake::new(format!(
        "{expected}, found {}",
        typed(found.trim_end_matches('.'))
    ));
    Some(mistake.help(format!("it is {usage}")).at_word(sql, name))
}

/// No function of that name takes such arguments.
fn no_signature(message: &str, sql: &str) -> Option<SqlMistake> {
    let call = between(message, "argument types '", "'")?;
    let (name, arguments) = call.split_once('(')?;
    let arguments = arguments.trim_end_matches(')');
    let found: Vec<String> = list(arguments).into_iter().map(typed).collect();
    let mistake = SqlMistake::new(format!("`{name}` does not take ({})", found.join(", ")));
    let candidates = message
        .split_once("Candidate functions:")
        .map_or("", |(_, c)| c);
    let candidates: Vec<&str> = candidates
        .lines()
        .map(str::trim)
        .filter(|l| !l.is_empty())
        .collect();
    let mistake = match candidates.as_slice() {
        _ if name == crate::over::counter_delta::NAME => mistake.help("it takes one number"),
        _ if let Some(spec) = indicator(name) => {
            mistake.help(format!("it takes numbers: {}", spec.signature()))
        }
        [] => mistake,
        some => mistake.help(format!("it takes {}", signatures(some).join(" or "))),
    };
    Some(mistake.at_word(sql, name))
}

/// `sum(Float64)` as `(float64)`.
fn signatures(candidates: &[&str]) -> Vec<String> {
    let one = |candidate: &&str| {
        let (_, types) = candidate.trim_end_matches(')').split_once('(')?;
        let types: Vec<String> = list(types).into_iter().map(typed).collect();
        Some(format!("({})", types.join(", ")))
    };
    candidates.iter().filter_map(one).collect()
}

fn condition(message: &str, sql: &str) -> Option<SqlMistake> {
    let predicate = between(message, "non-boolean predicate '", "'")?;
    let (_, kind) = message.rsplit_once("returning ")?;
    let kind = typed(kind);
    let message =
        format!("expected a condition that is true or false, found `{predicate}`: {kind}");
    let word = predicate.rsplit('.').next().unwrap_or(predicate);
    let mistake = SqlMistake::new(message);
    // Behind WHERE, since a column may be selected too.
    let clause = find_word(sql, "WHERE").map_or(0, |(_, end)| end);
    let at = find_word(&sql[clause..], word).map(|(s, e)| (clause + s, clause + e));
    Some(SqlMistake { at, ..mistake })
}

fn comparison(message: &str, sql: &str) -> Option<SqlMistake> {
    let (_, operands) = message.split_once("argument type for comparison operation ")?;
    let (left, operator, right) = operation(operands)?;
    let message = format!("cannot compare {left} with {right}");
    Some(SqlMistake {
        at: find_operator(sql, operator),
        ..SqlMistake::new(message)
    })
}

fn arithmetic(message: &str, sql: &str) -> Option<SqlMistake> {
    let operands = between(
        message,
        "Cannot coerce arithmetic expression ",
        " to valid types",
    )?;
    let (left, operator, right) = operation(operands)?;
    let message = format!("cannot compute {left} {operator} {right}");
    Some(SqlMistake {
        at: find_operator(sql, operator),
        ..SqlMistake::new(message)
    })
}

fn no_cast(message: &str, sql: &str) -> Option<SqlMistake> {
    let (from, to) = message
        .split_once("Unsupported CAST from ")?
        .1
        .split_once(" to ")?;
    let message = format!("cannot cast {} to {}", typed(from), typed(to));
    let at = find_word(sql, "CAST").or_else(|| find_operator(sql, "::"));
    Some(SqlMistake {
        at,
        ..SqlMistake::new(message)
    })
}

/// A literal that is not of its type.
fn no_literal(message: &str, sql: &str) -> Option<SqlMistake> {
    let text = between(message, "Cannot cast string '", "' to value of ")?;
    let kind = typed(between(message, "to value of ", " type")?);
    let quoted = format!("'{text}'");
    let at = sql.find(&quoted).map(|start| (start, start + quoted.len()));
    Some(SqlMistake {
        at,
        ..SqlMistake::new(format!(
            "expected {} {kind}, found {quoted}",
            article(&kind)
        ))
    })
}

/// `a text`, `an int64`
fn article(word: &str) -> &'static str {
    if word.starts_with(['a', 'e', 'i', 'o']) {
        "an"
    } else {
        "a"
    }
}

/// A frame of ROWS that is bound by a time.
fn rows_by_time(message: &str, sql: &str) -> Option<SqlMistake> {
    let text = between(message, "Cannot cast string '", "' to value of UInt64 type")?;
    let rows = find_word(sql, "ROWS")?;
    let mistake = SqlMistake::new(format!("ROWS is bound by numbers of rows, found '{text}'"));
    let help = format!("write RANGE BETWEEN INTERVAL '{text}' PRECEDING AND CURRENT ROW");
    let at = Some(rows);
    Some(SqlMistake {
        at,
        ..mistake.help(help)
    })
}

/// A time that a zone's clocks show twice, or never, when they are put back or forward.
fn wall_clock(message: &str, sql: &str) -> Option<SqlMistake> {
    let quoted = message
        .contains("timezone")
        .then(|| sql.split('\'').skip(1).step_by(2))?;
    let known = message.contains("Cannot cast timezone to different timezone")
        || message.contains("error computing timezone offset");
    let time = |text: &&str| text.len() >= 10 && text.starts_with(|c: char| c.is_ascii_digit());
    let named = between(message, "from '", "'");
    let text = named
        .or_else(|| quoted.into_iter().find(time))
        .filter(|_| known)?;
    let mistake = SqlMistake::new(format!(
        "the clocks of the pipeline's time zone show '{text}' twice or never"
    ));
    let help = format!("write its offset from UTC too: '{text}+01:00'");
    let at = sql.find(text).map(|start| (start, start + text.len()));
    Some(SqlMistake {
        at,
        ..mistake.help(help)
    })
}

fn union_columns(message: &str, sql: &str) -> Option<SqlMistake> {
    message
        .contains("UNION queries have different number of columns")
        .then(|| {
            let message = "the queries of a UNION ALL have different numbers of columns";
            SqlMistake::new(message)
                .help("select what is missing as NULL: SELECT ts, NULL AS price FROM …")
                .at_word(sql, "UNION")
        })
}

/// `x IN (...)` over types that have nothing in common.
fn no_common_type(message: &str, sql: &str) -> Option<SqlMistake> {
    let (_, types) = message.split_once("find compatible types to compare ")?;
    let (left, rest) = types.split_once(" with ")?;
    let rest: Vec<String> = list(rest.trim_matches(['[', ']']))
        .into_iter()
        .map(typed)
        .collect();
    let message = format!("cannot compare {} with ({})", typed(left), rest.join(", "));
    Some(SqlMistake::new(message).at_word(sql, "IN"))
}

/// Our own refusal of an aggregate, on its way through DataFusion.
fn unordered(message: &str, sql: &str) -> Option<SqlMistake> {
    let (name, rest) = message.split_once(" without ORDER BY gives ")?;
    let (why, way) = rest.split_once(": ")?;
    let message = format!("{name} without ORDER BY gives {why}");
    Some(SqlMistake::new(message).help(way).at_word(sql, name))
}

fn recursive(message: &str, sql: &str) -> Option<SqlMistake> {
    message
        .contains("Recursive CTE")
        .then(|| SqlMistake::new("recursive queries are not built yet").at_word(sql, "RECURSIVE"))
}

/// FILTER behind a window function that is no aggregate.
fn filter(message: &str, sql: &str) -> Option<SqlMistake> {
    message.strip_prefix("FILTER clause can only be used with aggregate")?;
    let mistake = SqlMistake::new("FILTER stands behind aggregates only");
    let help = "f(CASE WHEN … THEN x END) OVER (…) hands over null for the other rows";
    Some(mistake.help(help).at_word(sql, "FILTER"))
}

/// `Float64 > Boolean`
fn operation(text: &str) -> Option<(String, &str, String)> {
    let (left, rest) = text.trim().split_once(' ')?;
    // A type may hold a space itself: Timestamp(µs, "UTC").
    let (left, rest) = match left.contains('(') && !left.contains(')') {
        true => text.trim().split_once(") ")?,
        false => (left, rest),
    };
    let (operator, right) = rest.split_once(' ')?;
    Some((typed(left), operator, typed(right)))
}

fn find_operator(sql: &str, operator: &str) -> Option<(usize, usize)> {
    if operator.chars().all(char::is_alphabetic) {
        return find_word(sql, operator);
    }
    let symbol = |c: char| "<>=!+-*/%&|^:".contains(c);
    let alone = |start: &usize| {
        let end = start + operator.len();
        !sql[..*start].ends_with(symbol) && !sql[end..].starts_with(symbol)
    };
    let start = sql.match_indices(operator).map(|(i, _)| i).find(alone)?;
    Some((start, start + operator.len()))
}

/// The types of a list, some of which hold commas themselves.
fn list(types: &str) -> Vec<&str> {
    let (mut depth, mut start, mut found) = (0usize, 0, Vec::new());
    for (i, c) in types.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                found.push(types[start..i].trim());
                start = i + 1;
            }
            _ => {}
        }
    }
    found.push(types[start..].trim());
    found.retain(|t| !t.is_empty());
    found
}

/// A type as pipelines call it.
pub(crate) fn typed(arrow: &str) -> String {
    let name = arrow.trim().split('(').next().unwrap_or(arrow);
    match name {
        "Utf8" | "LargeUtf8" | "Utf8View" | "String" => "text".to_owned(),
        "Boolean" => "bool".to_owned(),
        "Date32" | "Date64" => "date".to_owned(),
        "Timestamp" => "timestamp".to_owned(),
        "Interval" => "interval".to_owned(),
        "Decimal128" | "Decimal256" => arrow.trim().replace(name, "decimal"),
        _ => arrow.trim().to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types() {
        let words = |text| {
            list(text)
                .into_iter()
                .map(typed)
                .collect::<Vec<_>>()
                .join(", ")
        };
        let found = words("Utf8, Timestamp(µs, \"UTC\"), Decimal128(10, 2), Int64");
        assert_eq!(found, "text, timestamp, decimal(10, 2), int64");
        let times = operation("Timestamp(µs, \"UTC\") >= Boolean");
        assert_eq!(times, Some(("timestamp".into(), ">=", "bool".into())));
    }

    #[test]
    fn operators_stand_alone() {
        assert_eq!(find_operator("a >= b AND c > d", ">"), Some((13, 14)));
        assert_eq!(find_operator("a::int", "::"), Some((1, 3)));
        assert_eq!(find_operator("a::int", ":"), None);
    }
}
