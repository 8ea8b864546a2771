//! How long a query may be, and how deep its tree may become, told from its words before it is parsed. Who walks a
//! tree recursively needs a stack as deep as that, and 64 KiB of `1+1+1+…` are a tree of as many
//! levels, which no stack holds: the process would end.

use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer, Word};

use crate::plan::dialect::ZarabaDialect;
use crate::plan::mistake::SqlMistake;

/// Most levels: a stack of 64 MiB has room for many times as many.
const DEPTH_MAX: usize = 200;
/// Most words and signs: what plans a query takes long over lists of tens of thousands, and nothing
/// stops it there.
const WORDS_MAX: usize = 5_000;
/// Most SELECTs, and tables in their FROMs.
const SELECTS_MAX: usize = 50;

/// Parts of a name that is no field of a field.
const PARTS: usize = 4;

/// What makes the tree deeper within one pair of parentheses.
#[derive(Clone, Copy, Default)]
struct Level {
    /// Operators since the last comma or clause: `a + b + c` leans to one side.
    operators: usize,
    /// Tables of the FROM that is being read.
    tables: usize,
    /// Whether it is.
    from: bool,
    /// UNIONs and their like.
    unions: usize,
}

/// Words that are operators.
const OPERATORS: [&str; 13] = [
    "AND", "OR", "NOT", "IS", "IN", "LIKE", "ILIKE", "SIMILAR", "BETWEEN", "CASE", "WHEN",
    "COLLATE", "AT",
];
/// Words behind which another clause begins.
const CLAUSES: [&str; 9] = [
    "SELECT", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "ON", "USING", "WINDOW",
];

/// Refuses a query whose tree would be too deep.
pub(super) fn refuse_deep(sql: &str) -> Result<(), SqlMistake> {
    // What is no SQL at all is told by the parser.
    let Ok(tokens) = Tokenizer::new(&ZarabaDialect, sql).tokenize() else {
        return Ok(());
    };
    let words = tokens.iter().filter(|t| !matches!(t, Token::Whitespace(_)));
    if words.count() > WORDS_MAX {
        return Err(SqlMistake::new(format!(
            "the query is too long: at most {WORDS_MAX} words and signs"
        )));
    }
    let mut levels = vec![Level::default()];
    let (mut depth, mut selects, mut tables) = (0, 0, 0);
    let mut parts = 0;
    for token in &tokens {
        if !matches!(token, Token::Period | Token::Word(_) | Token::Whitespace(_)) {
            parts = 0;
        }
        let Some(level) = levels.last_mut() else {
            break;
        };
        match token {
            Token::LParen | Token::LBracket | Token::LBrace => levels.push(Level::default()),
            Token::RParen | Token::RBracket | Token::RBrace => {
                levels.pop();
                let outer = levels.last_mut();
                match outer {
                    // `a[1][2]`, `f(x)(y)`: each is around what stands before it.
                    Some(outer) => outer.operators += 1,
                    None => levels.push(Level::default()),
                }
            }
            Token::Comma if level.from => (level.tables, tables) = (level.tables + 1, tables + 1),
            Token::Comma => level.operators = 0,
            Token::Word(word) => {
                let word = keyword(word);
                if word == "SELECT" {
                    selects += 1;
                    level.tables = 0;
                }
                if CLAUSES.contains(&word.as_str()) {
                    (level.operators, level.from) = (0, false);
                }
                match word.as_str() {
                    "FROM" => (level.operators, level.from) = (0, true),
                    "JOIN" => {
                        (level.tables, tables) = (level.tables + 1, tables + 1);
                        level.from = true;
                    }
                    "UNION" | "INTERSECT" | "EXCEPT" => level.unions += 1,
                    word if OPERATORS.contains(&word) => level.operators += 1,
                    _ => {}
                }
            }
            Token::Period => {
                parts += 1;
                // Names have a few parts; more are fields of fields.
                level.operators += usize::from(parts > PARTS);
            }
            Token::Whitespace(_)
            | Token::Number(..)
            | Token::SingleQuotedString(_)
            | Token::EOF => {}
            // Everything else stands between two things, or before one.
            _ => level.operators += 1,
        }
        let of = |level: &Level| 1 + level.operators + level.tables + level.unions;
        depth = depth.max(levels.iter().map(of).sum());
        if depth > DEPTH_MAX || selects > SELECTS_MAX || tables > SELECTS_MAX {
            return Err(SqlMistake::new(format!(
                "the query is too deep: at most {DEPTH_MAX} operators, parentheses, joins and UNIONs \
                 within each other, and {SELECTS_MAX} SELECTs and tables"
            )));
        }
    }
    Ok(())
}

/// A word without quotes, in capitals; one in quotes is a name.
fn keyword(word: &Word) -> String {
    match word.quote_style {
        Some(_) => String::new(),
        None => word.value.to_uppercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_not_length() {
        let list = (0..2_000)
            .map(|n| n.to_string())
            .collect::<Vec<_>>()
            .join(",");
        let columns = (0..300)
            .map(|n| format!("n * {n} + 1 AS c{n}"))
            .collect::<Vec<_>>();
        for (sql, right) in [
            (format!("SELECT n FROM facts WHERE n IN ({list})"), true),
            (format!("SELECT {} FROM facts", columns.join(", ")), true),
            (format!("SELECT 1{}", "+1".repeat(150)), true),
            (format!("SELECT 1{}", "+1".repeat(201)), false),
            (
                format!("SELECT {}1{}", "(".repeat(201), ")".repeat(201)),
                false,
            ),
            ("SELECT 'a + b".to_owned(), true),
            (")))))".to_owned(), true),
        ] {
            assert_eq!(
                refuse_deep(&sql).is_ok(),
                right,
                "{}",
                &sql[..sql.len().min(60)]
            );
        }
    }
}
