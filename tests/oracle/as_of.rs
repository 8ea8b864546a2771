//! Streams joined with tables as of the row's time. In a batch: of every row of the stream and
//! every key of the table the newest version up to the row's time, by `row_number()`.

use super::case::{Case, Expected, Order};
use super::data::{Source, Times};
use super::dice::Dice;
use super::join::{Kind, Residual, case};
use super::table::Table;

/// A table and who reads it.
struct Join {
    table: Table,
    /// The table that is joined: the table, or one of its stream.
    joined: &'static str,
    stream: &'static str,
    kind: Kind,
    residual: Residual,
    /// The columns that are equal.
    keys: Vec<String>,
    mirrored: bool,
}

/// Names of the table's columns beside the stream's.
fn renamed(sql: &str) -> String {
    sql.replace("vi", "x_vi").replace("ts", "x_ts")
}

impl Join {
    fn engine(&self) -> String {
        let Self { stream, joined, .. } = self;
        let equal: Vec<String> = self.keys.iter().map(|k| format!("a.{k} = b.{k}")).collect();
        let selected = match self.kind {
            Kind::Semi | Kind::Anti => "a.ts AS ats, a.vi AS avi",
            _ => "a.ts AS ats, b.ts AS bts, a.vi AS avi, b.vi AS bvi, b.vf AS bvf",
        };
        let from = match (self.mirrored, self.kind) {
            (true, Kind::Inner) => format!("{joined} b JOIN {stream} a"),
            (true, Kind::Left) => format!("{joined} b RIGHT JOIN {stream} a"),
            _ => format!("{stream} a {} {joined} b", self.kind.words()),
        };
        let (on, residual) = (equal.join(" AND "), self.residual.engine);
        format!("SELECT {selected} FROM {from} ON {on} AND {residual}")
    }

    /// When a row of the table is gone for the row of the stream.
    fn gone(&self) -> String {
        let mut gone = Vec::new();
        if let Some(ttl) = self.table.ttl {
            let end = format!("x__t + {ttl}");
            let mut expired = format!("{end} <= a._t");
            if self.joined != self.table.name {
                // What would go behind the end of the input stays.
                let watermark = self.table.watermark;
                expired = format!("{expired} AND ({end} <= x__last OR {end} < {watermark})");
            }
            gone.push(format!("({expired})"));
        }
        if let Some(condition) = &self.table.drop_when {
            let condition = condition.replace("INTERVAL '", "");
            let condition = renamed(&condition.replace(" microseconds'", ""));
            gone.push(format!(
                "coalesce({}, false)",
                condition.replace("now()", "a._t")
            ));
        }
        if gone.is_empty() {
            return "false".to_owned();
        }
        gone.join(" OR ")
    }

    fn batch(&self) -> String {
        let Self { table, stream, .. } = self;
        let renamed = |c: &String| format!("{c} AS x_{c}");
        let columns: Vec<String> = table.columns.iter().map(renamed).collect();
        let rows = format!(
            "(SELECT {}, _t AS x__t, _seq AS x__seq, max(_t) OVER () AS x__last FROM {} AS rows)",
            columns.join(", "),
            table.rows
        );
        let key: String = table.key.iter().map(|k| format!(", x.x_{k}")).collect();
        let versions = format!(
            "(SELECT a._t, a._seq, a.vi, a.vf, {}x.*, row_number() OVER (PARTITION BY a._seq{key} \
             ORDER BY x__t DESC, x__seq DESC) AS _n FROM {stream} AS a JOIN {rows} AS x ON x__t <= \
             a._t)",
            self.keys
                .iter()
                .map(|k| format!("a.{k}, "))
                .collect::<String>(),
        );
        let equal = self.keys.iter().map(|k| format!(" AND a.{k} = a.x_{k}"));
        let on = format!(
            "_n = 1 AND NOT ({}){}",
            self.gone(),
            equal.collect::<String>()
        );
        let of = |text: &str| text.replace("b.", "a.x_");
        let met = format!("(SELECT a.* FROM {versions} AS a WHERE {on})");
        let sound = match self.residual.fails {
            "false" => (*stream).to_owned(),
            fails => format!(
                "(SELECT * FROM {stream} AS a WHERE _seq NOT IN (SELECT _seq FROM {met} AS a WHERE \
                 {}))",
                of(fails)
            ),
        };
        let matches = format!(
            "(SELECT a.* FROM {met} AS a WHERE {})",
            of(self.residual.batch)
        );
        if let Kind::Semi | Kind::Anti = self.kind {
            let not = if self.kind == Kind::Anti { "NOT " } else { "" };
            return format!(
                "SELECT a._t AS ats, a.vi AS avi, a._t AS _time FROM {sound} AS a WHERE a._seq \
                 {not}IN (SELECT _seq FROM {matches} AS m) ORDER BY a._t, a._seq"
            );
        }
        let order: Vec<String> = table
            .key
            .iter()
            .map(|k| format!(", m.x_{k} ASC NULLS FIRST"))
            .collect();
        format!(
            "SELECT a._t AS ats, m.x_ts AS bts, a.vi AS avi, m.x_vi AS bvi, m.x_vf AS bvf, a._t AS \
             _time FROM {sound} AS a {} {matches} AS m ON a._seq = m._seq ORDER BY a._t, a._seq{}",
            self.kind.words(),
            order.concat()
        )
    }
}

/// The table's times are columns in the batch as the engine shows them.
fn shifted(dice: &mut Dice, source: &mut Source) {
    if dice.percent(40) {
        let by = dice.pick(&[-1, 1]);
        for row in &mut source.rows {
            row.time += by;
            row.late_at = row.late_at.map(|at| at + by);
        }
    }
}

/// A stream joined with a table.
pub(crate) fn as_of_join(seed: u64) -> Case {
    let mut dice = Dice::new("as_of_join", seed);
    let unit = 1_000_000;
    let times = Times::random(&mut dice, unit);
    let mut sources = super::join::sources(&mut dice, times, ["s", "o"]);
    shifted(&mut dice, &mut sources[1]);
    let of_stream = dice.percent(30);
    let (table, before) = Table::random(&mut dice, "t", &sources[..1], times, !of_stream);
    let keys: Vec<String> = sources[0]
        .key_names()
        .into_iter()
        .filter(|k| table.columns.contains(k))
        .collect();
    let n = 1 + dice.below(keys.len());
    let keys = dice.subset(&keys, n);
    let kind = dice.pick(&[
        Kind::Inner,
        Kind::Inner,
        Kind::Left,
        Kind::Left,
        Kind::Left,
        Kind::Semi,
        Kind::Anti,
    ]);
    let itself = dice.percent(15);
    if itself {
        sources.truncate(1);
    }
    let mut nodes = format!("{before}{}", table.toml());
    if of_stream {
        let again = Table {
            name: "tt".to_owned(),
            from: "t".to_owned(),
            ttl: None,
            drop_when: None,
            ..table.clone()
        };
        nodes.push_str(&again.toml());
    }
    let join = Join {
        joined: if of_stream { "tt" } else { "t" },
        table,
        stream: if itself { "s" } else { "o" },
        kind,
        residual: Residual::random(&mut dice, kind),
        keys,
        mirrored: dice.percent(30),
    };
    nodes.push_str(&format!("[query.q]\nsql = \"\"\"{}\"\"\"\n", join.engine()));
    let sql = join.batch();
    case(&mut dice, sources, nodes, sql, None, unit)
}

/// A stream joined with a plain table by its whole key; the batch side is DuckDB's own ASOF JOIN.
pub(crate) fn in_duck(seed: u64) -> Case {
    let mut dice = Dice::new("asof_in_duck", seed);
    let times = Times::random(&mut dice, 1_000_000);
    let sources = super::join::sources(&mut dice, times, ["s", "o"]);
    let keys = sources[0].key_names();
    let names: Vec<String> = keys.iter().map(|k| format!("\"{k}\"")).collect();
    let kind = dice.pick(&[Kind::Inner, Kind::Left]);
    let words = kind.words();
    let equal: Vec<String> = keys.iter().map(|k| format!("a.{k} = b.{k}")).collect();
    let (equal, by) = (equal.join(" AND "), keys.join(", "));
    let nodes = format!(
        "[table.t]\nfrom = \"s\"\nkey = [{}]\n[query.q]\nsql = \"SELECT a.ts AS ats, b.ts AS bts, \
         a.vi AS avi, b.vi AS bvi FROM o a {words} t b ON {equal}\"\n",
        names.join(", "),
    );
    // One row for each time, since which of several it takes is not said.
    let sql = format!(
        "SELECT a._t AS ats, b._t AS bts, a.vi AS avi, b.vi AS bvi, a._t AS _time FROM o AS a ASOF \
         {words} (SELECT * FROM s QUALIFY row_number() OVER (PARTITION BY {by}, _t ORDER BY _seq \
         DESC) = 1) AS b ON {equal} AND a._t >= b._t ORDER BY a._t, a._seq"
    );
    let mut case = case(&mut dice, sources, nodes, sql, None, 1_000_000);
    case.answer = Box::new(|_| {
        vec![Expected {
            stream: "q".to_owned(),
            order: Order::Key(Vec::new()),
            upsert: false,
            rows: Vec::new(),
        }]
    });
    case
}
