//! What came, and which figures of the desk will be missing: each figure needs canonical columns
//! (docs/reference/canonical.md), and a feed's SQL says which of them it leaves null.

use std::collections::{BTreeMap, BTreeSet};

use toml_edit::DocumentMut;
use zaraba::look::Stream;
use zaraba::text_width;

use super::ask::Asker;

const CANONICAL: &str = include_str!("../../../../pipelines/common/canonical.toml");

/// A figure: its number in the requirements, its name in both languages, the columns that it needs.
type Figure = (
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
);

/// The figures of the desk.
const FIGURES: [Figure; 15] = [
    ("1.1", "先物価格", "futures price", &["futures.price"]),
    (
        "1.2",
        "前日比",
        "change on the day",
        &["futures.price", "futures.settlement"],
    ),
    (
        "1.4",
        "VIX・ダウ・ナスダック",
        "VIX, Dow, Nasdaq",
        &["indices.VIX", "indices.DJI", "indices.IXIC"],
    ),
    ("1.4", "ドル円", "USD/JPY", &["fx.rate"]),
    (
        "3",
        "偏差モニター",
        "deviations",
        &["indices.value", "fx.rate", "open_interest.oi"],
    ),
    (
        "4.1",
        "建玉合計とPCR",
        "open interest, put/call ratio",
        &["open_interest.oi"],
    ),
    (
        "4.2",
        "出来高PCR",
        "put/call ratio of volume",
        &["options.volume"],
    ),
    ("5.1", "マックスペイン", "max pain", &["open_interest.oi"]),
    (
        "5.2",
        "売り手最大損失",
        "sellers' largest loss",
        &["open_interest.oi", "options.price", "options.settlement"],
    ),
    ("6", "気配", "bid and ask", &["options.bid", "options.ask"]),
    (
        "6",
        "IV(自前の計算)",
        "volatility, computed",
        &["options.bid", "options.ask", "futures.price"],
    ),
    (
        "8.1",
        "セッション累積変動",
        "move of the session",
        &["futures.price"],
    ),
    (
        "8.2",
        "オプション価格急変",
        "jumps of option prices",
        &["options.price"],
    ),
    (
        "8.3",
        "建玉急変",
        "jumps of open interest",
        &["open_interest.oi", "open_interest.change"],
    ),
    (
        "F5",
        "GEX",
        "gamma exposure",
        &[
            "open_interest.oi",
            "options.bid",
            "options.ask",
            "futures.price",
        ],
    ),
];

/// All canonical columns, as `stream.column`.
fn canonical() -> Vec<(String, String)> {
    let document = CANONICAL.parse::<DocumentMut>().unwrap_or_default();
    let mut columns = Vec::new();
    let sources = document.get("source").and_then(|s| s.as_table());
    for (stream, source) in sources.into_iter().flatten() {
        let schema = source.get("schema").and_then(|s| s.as_table_like());
        for (column, _) in schema.into_iter().flat_map(|s| s.iter()) {
            columns.push((stream.to_owned(), column.to_owned()));
        }
    }
    columns
}

/// Indices that figures need; columns of the stream `indices` here, which has a row for each.
const INDICES: [&str; 3] = ["VIX", "DJI", "IXIC"];

/// The indices of a query: those that it names, else any.
fn indices(sql: &str) -> Vec<String> {
    let named = |index: &&str| sql.contains(&format!("'{index}' AS symbol"));
    let all = !sql.contains("' AS symbol");
    let found = INDICES.iter().filter(|index| all || named(index));
    found.map(|index| format!("indices.{index}")).collect()
}

/// The columns that a feed's queries do not leave null.
pub(super) fn brought(feed: &str) -> BTreeSet<String> {
    let document = feed.parse::<DocumentMut>().unwrap_or_default();
    let sql = |stream: &str| {
        let query = document.get("query")?.get(stream)?.get("sql")?.as_str()?;
        Some(query.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    let mut found: BTreeSet<String> = sql("indices").iter().flat_map(|s| indices(s)).collect();
    for (stream, column) in canonical() {
        let Some(sql) = sql(&stream) else { continue };
        let nulls = [
            format!("NULL::double AS {column}"),
            format!("NULL::bigint AS {column}"),
            format!("'Date32') AS {column}"),
            format!("Some(\"UTC\"))') AS {column}"),
        ];
        let at_end = |null: &String| {
            sql.match_indices(null.as_str()).any(|(at, _)| {
                let rest = &sql[at + null.len()..];
                !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_')
            })
        };
        if !nulls.iter().any(at_end) {
            found.insert(format!("{stream}.{column}"));
        }
    }
    found
}

/// What a source of one's own is to the desk: nothing before a query makes a canonical stream of it.
pub(super) fn own(name: &str, columns: &[&str], asker: &Asker<'_>) -> String {
    let same = |(_, column): &(String, String)| columns.contains(&column.as_str());
    let same = canonical().into_iter().filter(same);
    let same: Vec<String> = same.map(|(s, c)| format!("{s}.{c}")).collect();
    let same = match same.is_empty() {
        true => "–".to_owned(),
        false => same.join(", "),
    };
    asker.say(
        &format!(
            "  `{name}` から標準の流れ(docs/reference/canonical.md)を作る問い合わせが要ります。同じ名前の列: {same}\n"
        ),
        &format!(
            "  a query must make the streams of docs/reference/canonical.md from `{name}`; columns of the same name: {same}\n"
        ),
    )
}

fn padded(text: &str, width: usize) -> String {
    format!(
        "{text}{}",
        " ".repeat(width.saturating_sub(text_width(text)))
    )
}

/// Cells below each other.
fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |i: usize| {
        rows.iter()
            .filter_map(|r| r.get(i))
            .map(|c| text_width(c))
            .max()
    };
    let widths: Vec<usize> = (0..columns).map(|i| width(i).unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| padded(cell, *width));
        format!("  {}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

/// The first rows of each stream, and how much of each column is null.
pub(super) fn rows(streams: &BTreeMap<String, Stream>, asker: &Asker<'_>) -> String {
    let mut out = String::new();
    for (name, stream) in streams {
        let count = stream.count;
        out.push_str(&asker.say(
            &format!("\n{name}: {count} 行を読みました\n"),
            &format!("\n{name}: {count} rows were read\n"),
        ));
        let mut lines = vec![
            stream
                .columns
                .iter()
                .map(|(c, _)| c.clone())
                .collect::<Vec<_>>(),
        ];
        for row in &stream.rows {
            let cell = |cell: &Option<String>| cell.clone().unwrap_or_else(|| "null".to_owned());
            lines.push(row.iter().map(cell).collect());
        }
        out.push_str(&table(&lines));
        let rate = |(name, nulls): &(String, usize)| {
            let percent = 100.0 * *nulls as f64 / count.max(1) as f64;
            format!("{name} {percent:.0}%")
        };
        let nulls: Vec<String> = stream.columns.iter().map(rate).collect();
        let nulls = nulls.join(", ");
        out.push_str(&asker.say(
            &format!("  nullの割合: {nulls}\n"),
            &format!("  null: {nulls}\n"),
        ));
    }
    out
}

/// Each figure of the desk: there, or what it lacks.
pub(super) fn figures(brings: &BTreeSet<String>, asker: &Asker<'_>) -> String {
    let mut lines = Vec::new();
    for (number, ja, en, needs) in FIGURES {
        let lacks: Vec<&str> = needs
            .iter()
            .copied()
            .filter(|n| !brings.contains(*n))
            .collect();
        let state = if lacks.is_empty() {
            asker.say("あり", "there")
        } else {
            asker.say(
                &format!("なし: {} が必要", lacks.join(", ")),
                &format!("missing: needs {}", lacks.join(", ")),
            )
        };
        lines.push(vec![number.to_owned(), asker.say(ja, en), state]);
    }
    let head = asker.say(
        "\nこのソースだけで出せるデスクの数値:\n",
        "\nfigures of the desk, with this source alone:\n",
    );
    head + &table(&lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn feeds_bring_what_they_do_not_leave_null() {
        let kabu = brought(include_str!("../../../../pipelines/feeds/kabu.toml"));
        for (column, there) in [
            ("options.bid", true),
            ("options.price_time", true),
            ("options.iv", true),
            ("options.bid_iv", false),
            ("options.oi", false),
            ("options.oi_date", false),
            ("futures.settlement", false),
            ("indices.value", true),
            ("indices.VIX", false),
            ("open_interest.oi", false),
        ] {
            assert_eq!(kabu.contains(column), there, "{column}");
        }
    }

    #[test]
    fn every_need_is_a_canonical_column() {
        let all: BTreeSet<String> = canonical()
            .iter()
            .map(|(s, c)| format!("{s}.{c}"))
            .collect();
        assert!(all.len() > 40);
        for (number, _, _, needs) in FIGURES {
            for need in needs {
                let index = |i: &&str| *need == format!("indices.{i}");
                let known = all.contains(*need) || INDICES.iter().any(index);
                assert!(known, "{number}: {need}");
            }
        }
    }
}
