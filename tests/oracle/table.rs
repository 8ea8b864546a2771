//! Tables: the newest row per key by (time, sequence), as a stream of upserts and deletions, and
//! as a snapshot at a time. Both as SQL over all rows that feed the table.

use super::batch::BatchSql;
use super::case::{Case, Expected, Order, drive, upserts};
use super::data::{SECOND, Source, Times};
use super::dice::Dice;
use super::window::Windows;

/// A table.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) from: String,
    pub(crate) key: Vec<String>,
    pub(crate) ttl: Option<i64>,
    pub(crate) drop_when: Option<String>,
    /// Its columns.
    pub(crate) columns: Vec<String>,
    /// A batch relation: the columns, `_t` and `_seq` of every row that feeds it.
    pub(crate) rows: String,
    /// The watermark of what feeds it behind its last row.
    pub(crate) watermark: i64,
}

impl Table {
    /// Its section of the pipeline file.
    pub(crate) fn toml(&self) -> String {
        let key: Vec<String> = self.key.iter().map(|k| format!("\"{k}\"")).collect();
        let mut toml = format!(
            "[table.{}]\nfrom = \"{}\"\nkey = [{}]\n",
            self.name,
            self.from,
            key.join(", ")
        );
        if let Some(ttl) = self.ttl {
            toml.push_str(&format!("ttl = \"{ttl}us\"\n"));
        }
        if let Some(condition) = &self.drop_when {
            toml.push_str(&format!("drop_when = \"{condition}\"\n"));
        }
        toml
    }

    fn partition(&self) -> String {
        if self.key.is_empty() {
            return String::new();
        }
        format!("PARTITION BY {} ", self.key.join(", "))
    }

    /// `drop_when` where it drops a row at once.
    fn dropped(&self) -> String {
        match &self.drop_when {
            Some(condition) if !condition.contains("now()") => {
                format!("coalesce({condition}, false)")
            }
            _ => "false".to_owned(),
        }
    }

    /// The same table over its rows put there before, since DataFusion fails on some of them in
    /// one query with OVER.
    pub(crate) fn kept(&self, batch: &BatchSql) -> Self {
        let rows = format!("{}__rows", self.name);
        batch.table(
            &rows,
            batch.batch(&format!("SELECT * FROM {} AS r", self.rows)),
        );
        Self {
            rows,
            ..self.clone()
        }
    }

    /// Every upsert and deletion that it emits: the columns, `_deleted`, `_time`; in their order
    /// per key. What would go behind the end of the input stays.
    pub(crate) fn changes(&self) -> String {
        let Self { watermark, .. } = self;
        self.changes_while(&format!("(_time <= _last OR _time < {watermark})"))
    }

    /// Every upsert and deletion that a reader sees who goes on for ever.
    pub(crate) fn all_changes(&self) -> String {
        self.changes_while("true")
    }

    /// The rows that come, and those of them that go while `condition` holds.
    fn changes_while(&self, condition: &str) -> String {
        let Self { rows, .. } = self;
        let (columns, dropped) = (self.columns.join(", "), self.dropped());
        let came = format!(
            "SELECT {columns}, {dropped} AS _deleted, _t, 1 AS _kind, _seq FROM {rows} AS r"
        );
        let Some(ttl) = self.ttl else {
            return format!(
                "SELECT {columns}, _deleted, _t AS _time FROM ({came}) AS c ORDER BY _t, _seq"
            );
        };
        let partition = self.partition();
        let condition = condition.replace("_time", &format!("_t + {ttl}"));
        // A row goes when the time has passed, unless another came for its key before.
        let gone = format!(
            "SELECT {columns}, true AS _deleted, _t + {ttl} AS _t, 0 AS _kind, _seq FROM (SELECT *, \
             lead(_t) OVER ({partition}ORDER BY _t, _seq) AS _next, max(_t) OVER () AS _last FROM \
             {rows} AS r) AS g WHERE NOT {dropped} AND (_next IS NULL OR _next >= _t + {ttl}) AND \
             {condition}"
        );
        format!(
            "SELECT {columns}, _deleted, _t AS _time FROM ({came} UNION ALL {gone}) AS c ORDER BY \
             _t, _kind, _seq"
        )
    }

    /// Its rows at a time.
    pub(crate) fn snapshot(&self, time: i64) -> String {
        let rows = &self.rows;
        let (columns, partition) = (self.columns.join(", "), self.partition());
        let mut conditions = String::new();
        if let Some(ttl) = self.ttl {
            conditions.push_str(&format!(" AND _t + {ttl} > {time}"));
        }
        if let Some(condition) = &self.drop_when {
            let condition = at(condition, time);
            conditions.push_str(&format!(" AND NOT coalesce({condition}, false)"));
        }
        format!(
            "SELECT {columns} FROM (SELECT *, row_number() OVER ({partition}ORDER BY _t DESC, _seq \
             DESC) AS _n FROM {rows} AS r WHERE _t <= {time}) AS n WHERE _n = 1{conditions}"
        )
    }

    /// A table at random over sources, through one of several kinds of streams. Hands over the
    /// nodes before it, too.
    pub(crate) fn random(
        dice: &mut Dice,
        name: &str,
        sources: &[Source],
        times: Times,
        now: bool,
    ) -> (Self, String) {
        let source = &sources[0];
        let mut key = source.key_names();
        if dice.percent(10) {
            key.clear();
        } else {
            key.truncate(1 + dice.below(2));
        }
        let ends: Vec<i64> = sources.iter().filter_map(Source::last_watermark).collect();
        let mut columns = source.key_names();
        columns.extend(["vi".to_owned(), "vf".to_owned()]);
        let plain = columns.join(", ");
        let (from, nodes, rows, watermark) = match dice.below(4) {
            0 if sources.len() > 1 => {
                let name = format!("{name}_u");
                let parts: Vec<String> = sources
                    .iter()
                    .map(|s| format!("SELECT ts, {plain} FROM {}", s.name))
                    .collect();
                let nodes = format!("[query.{name}]\nsql = \"{}\"\n", parts.join(" UNION ALL "));
                let parts: Vec<String> = sources
                    .iter()
                    .map(|s| format!("SELECT {plain}, _t AS ts, _t, _seq FROM {}", s.name))
                    .collect();
                (
                    name,
                    nodes,
                    format!("({})", parts.join(" UNION ALL ")),
                    ends.iter().max().copied(),
                )
            }
            1 => return Self::of_windows(dice, name, source, times),
            2 => {
                let name = format!("{name}_f");
                let nodes = format!(
                    "[query.{name}]\nsql = \"SELECT ts, {plain} FROM s WHERE vi IS NULL OR vi <> 2\"\n"
                );
                let rows = format!(
                    "(SELECT {plain}, _t AS ts, _t, _seq FROM s WHERE vi IS NULL OR vi <> 2)"
                );
                (name, nodes, rows, source.last_watermark())
            }
            _ => {
                columns = source.columns[1..].iter().map(|c| c.name.clone()).collect();
                let rows = format!("(SELECT {}, _t AS ts, _t, _seq FROM s)", columns.join(", "));
                ("s".to_owned(), String::new(), rows, source.last_watermark())
            }
        };
        columns.insert(0, "ts".to_owned());
        let condition = match dice.below(4) {
            0 => Some("vi > 20".to_owned()),
            1 if now => {
                let age = times.grain * dice.within(1, 9);
                Some(format!("ts <= now() - INTERVAL '{age} microseconds'"))
            }
            _ => None,
        };
        let table = Self {
            name: name.to_owned(),
            from,
            key,
            ttl: dice.percent(60).then(|| times.grain * dice.within(1, 12)),
            drop_when: condition,
            columns,
            rows,
            watermark: watermark.unwrap_or(i64::MIN),
        };
        (table, nodes)
    }

    /// A table fed by a windowed query.
    fn of_windows(dice: &mut Dice, name: &str, source: &Source, times: Times) -> (Self, String) {
        let size = times.grain * dice.within(1, 6);
        let windows = Windows {
            size,
            slide: size,
            offset: 0,
            grow: false,
        };
        let key = source.key_names().into_iter().take(1).collect::<Vec<_>>();
        let by: String = key.iter().map(|k| format!(", {k}")).collect();
        let feed = format!("{name}_w");
        let calls = "count(*) AS vi, sum(vf) AS vf";
        let nodes = format!(
            "[query.{feed}]\nsql = \"SELECT window_end AS ts{by}, {calls} FROM {} GROUP BY \
             window_start, window_end{by}\"\n",
            windows.call("s", "ts"),
        );
        let rows = format!(
            "(SELECT _ws + {size} AS ts{by}, {calls}, _ws + {size} - 1 AS _t, max(_seq) AS _seq FROM \
             {} AS w GROUP BY _ws{by})",
            windows.relation("s", "_t"),
        );
        let mut columns = vec!["ts".to_owned()];
        columns.extend(key.clone());
        columns.extend(["vi".to_owned(), "vf".to_owned()]);
        let table = Self {
            name: name.to_owned(),
            from: feed,
            key,
            ttl: dice.percent(50).then(|| size * dice.within(1, 3)),
            drop_when: None,
            columns,
            rows,
            watermark: source.last_watermark().unwrap_or(i64::MIN),
        };
        (table, nodes)
    }
}

/// SQL that asks for now(), at a time, over times that are microseconds.
pub(crate) fn at(sql: &str, time: i64) -> String {
    let plain = sql.replace("INTERVAL '", "").replace(" microseconds'", "");
    plain.replace("now()", &time.to_string())
}

/// Sources for tables: at least one key.
pub(crate) fn sources(dice: &mut Dice, times: Times) -> Vec<Source> {
    let keys = 1 + dice.below(3);
    let columns = Source::schema(dice, keys);
    let mut sources = vec![Source::random(dice, "s", 0, columns.clone(), times)];
    if dice.percent(40) {
        sources.push(Source::random(dice, "r", 1, columns, times));
    }
    sources
}

/// A table's own stream.
pub(crate) fn table(seed: u64) -> Case {
    let mut dice = Dice::new("table", seed);
    let times = Times::random(&mut dice, SECOND);
    let mut sources = sources(&mut dice, times);
    let (table, before) = Table::random(&mut dice, "t", &sources, times, false);
    if !table.rows.contains("FROM r") {
        sources.truncate(1);
    }
    let sql = table.changes();
    let shown = table.columns.clone();
    let mut nodes = format!("{before}{}", table.toml());
    let mut stream = "t".to_owned();
    // A table of a table is the same table.
    if dice.percent(20) {
        let (name, from) = ("tt".to_owned(), "t".to_owned());
        let again = Table {
            name,
            from,
            ttl: None,
            drop_when: None,
            ..table.clone()
        };
        nodes.push_str(&again.toml());
        stream = "tt".to_owned();
    }
    let order: Vec<usize> = table
        .key
        .iter()
        .map(|k| shown.iter().position(|c| c == k).unwrap())
        .collect();
    Case {
        sources,
        nodes,
        drive: drive(&mut dice),
        pane: SECOND,
        windows: None,
        answer: Box::new(move |batch: &BatchSql| {
            let rows = upserts(batch.rows(&table.kept(batch).changes()));
            let order = Order::Key(order.clone());
            vec![Expected {
                stream: stream.clone(),
                order,
                upsert: true,
                rows,
            }]
        }),
        sql,
    }
}
