//! What the joins' constructs share: kinds of joins, conditions on pairs, and both sides' SQL.

use super::batch::BatchSql;
use super::case::{Case, Expected, Order, drive, timed};
use super::data::{Source, Times};
use super::dice::Dice;
use super::run::{CASES, Construct, asked};
use super::value::Value;
use super::window::{Windows, interval};

/// Which rows come out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Inner,
    Left,
    Right,
    Full,
    Semi,
    Anti,
}

impl Kind {
    pub(crate) fn random(dice: &mut Dice) -> Self {
        dice.pick(&[
            Self::Inner,
            Self::Inner,
            Self::Left,
            Self::Left,
            Self::Right,
            Self::Full,
            Self::Semi,
            Self::Anti,
        ])
    }

    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Inner => "JOIN",
            Self::Left => "LEFT JOIN",
            Self::Right => "RIGHT JOIN",
            Self::Full => "FULL JOIN",
            Self::Semi => "LEFT SEMI JOIN",
            Self::Anti => "LEFT ANTI JOIN",
        }
    }
}

/// A condition on a pair beside the equalities.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Residual {
    pub(crate) engine: &'static str,
    pub(crate) batch: &'static str,
    /// Where it fails.
    pub(crate) fails: &'static str,
}

const RESIDUALS: [Residual; 5] = [
    Residual {
        engine: "true",
        batch: "true",
        fails: "false",
    },
    Residual {
        engine: "a.vi <= b.vi",
        batch: "a.vi <= b.vi",
        fails: "false",
    },
    Residual {
        engine: "(a.vf > b.vf OR b.vi IS NULL)",
        batch: "(a.vf > b.vf OR b.vi IS NULL)",
        fails: "false",
    },
    Residual {
        engine: "coalesce(a.vi, 0) <> 4",
        batch: "coalesce(a.vi, 0) <> 4",
        fails: "false",
    },
    Residual {
        engine: "b.vi / (a.vi - 3) >= 1",
        batch: "b.vi / nullif(a.vi - 3, 0) >= 1",
        fails: "(a.vi = 3 AND b.vi IS NOT NULL)",
    },
];

impl Residual {
    pub(crate) fn random(dice: &mut Dice, kind: Kind) -> Self {
        if dice.percent(45) {
            return RESIDUALS[0];
        }
        // Of a RIGHT join it is the right row that fails.
        let n = RESIDUALS.len() - usize::from(kind == Kind::Right);
        RESIDUALS[dice.below(n)]
    }
}

/// `a.k1 = b.k1 AND …`, some of the keys.
pub(crate) fn equalities(keys: &[String]) -> String {
    let equal: String = keys.iter().map(|k| format!("a.{k} = b.{k} AND ")).collect();
    equal
}

/// Two sources of the same columns, small enough to be joined.
pub(crate) fn sources(dice: &mut Dice, times: Times, names: [&str; 2]) -> Vec<Source> {
    let keys = dice.pick(&[1, 1, 2, 2, 3]);
    let columns = Source::schema(dice, keys);
    let mut sources: Vec<Source> = (0u8..)
        .zip(names)
        .map(|(ordinal, name)| Source::random(dice, name, ordinal, columns.clone(), times))
        .collect();
    for source in &mut sources {
        source.rows.truncate(160);
    }
    sources
}

/// Two relations with `_t` and `_seq`, joined in a batch.
pub(crate) struct Batch {
    pub(crate) kind: Kind,
    pub(crate) a: String,
    pub(crate) b: String,
    /// What makes a pair, without the residual.
    pub(crate) on: String,
    pub(crate) residual: Residual,
    /// The event time of a row of the result, from `a` and from `b`.
    pub(crate) times: [String; 2],
    /// When a row of `b` is known to be alone in a FULL join.
    pub(crate) alone: String,
}

impl Batch {
    /// The first side, without the rows that fail.
    fn first(&self) -> String {
        let Self { a, b, on, .. } = self;
        let fails = self.residual.fails;
        if fails == "false" {
            return a.clone();
        }
        format!(
            "(SELECT a.* FROM {a} AS a WHERE NOT EXISTS (SELECT 1 FROM {b} AS b WHERE {on} AND \
             {fails}))"
        )
    }

    pub(crate) fn sql(&self) -> String {
        let (a, b, on) = (self.first(), &self.b, &self.on);
        let residual = self.residual.batch;
        let [time_a, time_b] = &self.times;
        if matches!(self.kind, Kind::Semi | Kind::Anti) {
            let not = if self.kind == Kind::Anti { "NOT " } else { "" };
            return format!(
                "SELECT a._t AS ats, a.vi AS avi, {time_a} AS _time FROM {a} AS a WHERE {not}EXISTS \
                 (SELECT 1 FROM {b} AS b WHERE {on} AND {residual}) ORDER BY {time_a}, a._t, a._seq"
            );
        }
        let alone = &self.alone;
        let (time, order) = match self.kind {
            Kind::Right => (
                time_b.clone(),
                format!("{time_b}, b._t, b._seq, a._t, a._seq"),
            ),
            Kind::Full => (
                format!("coalesce({time_a}, {time_b})"),
                format!(
                    "coalesce({time_a}, {alone}), CASE WHEN a._t IS NULL THEN 1 ELSE 0 END, a._t, \
                     a._seq, b._t, b._seq"
                ),
            ),
            _ => (
                time_a.clone(),
                format!("{time_a}, a._t, a._seq, b._t, b._seq"),
            ),
        };
        format!(
            "SELECT a._t AS ats, b._t AS bts, a.vi AS avi, b.vi AS bvi, {time} AS _time FROM {a} AS \
             a {} {b} AS b ON {on} AND {residual} ORDER BY {order}",
            self.kind.words()
        )
    }
}

/// What the engine selects.
pub(crate) const fn selected(kind: Kind) -> &'static str {
    match kind {
        Kind::Semi | Kind::Anti => "a.ts AS ats, a.vi AS avi",
        _ => "a.ts AS ats, b.ts AS bts, a.vi AS avi, b.vi AS bvi",
    }
}

/// A case of which everything but the SQL of both sides is known.
pub(crate) fn case(
    dice: &mut Dice,
    sources: Vec<Source>,
    nodes: String,
    sql: String,
    windows: Option<Windows>,
    pane: i64,
) -> Case {
    let asked = sql.clone();
    Case {
        sources,
        nodes,
        drive: drive(dice),
        pane,
        windows,
        answer: Box::new(move |batch: &BatchSql| {
            vec![Expected {
                stream: "q".to_owned(),
                // One order for all rows.
                order: Order::Key(Vec::new()),
                upsert: false,
                rows: timed(batch.rows(&asked)),
            }]
        }),
        sql,
    }
}

/// Streams joined within a distance.
pub(crate) fn interval_join(seed: u64) -> Case {
    let mut dice = Dice::new("interval_join", seed);
    let unit = 1_000_000;
    let times = Times::random(&mut dice, unit);
    let mut sources = sources(&mut dice, times, ["s", "r"]);
    let keys = sources[0].key_names();
    let n = if dice.percent(15) {
        0
    } else {
        1 + dice.below(keys.len())
    };
    let keys = dice.subset(&keys, n);
    let kind = Kind::random(&mut dice);
    let residual = Residual::random(&mut dice, kind);
    let low = times.grain * dice.within(-6, 3);
    let high = low + times.grain * dice.within(0, 8);
    let itself = dice.percent(15);
    if itself {
        sources.truncate(1);
    }
    let other = if itself { "s" } else { "r" };
    let equal = equalities(&keys);
    let (engine_on, [low, high]) = distance(&mut dice, low, high);
    let engine = format!(
        "SELECT {} FROM s a {} {other} b ON {equal}{engine_on} AND {}",
        selected(kind),
        kind.words(),
        residual.engine
    );
    let sql = Batch {
        kind,
        a: "s".to_owned(),
        b: other.to_owned(),
        on: format!("{equal}b._t - a._t >= {low} AND b._t - a._t <= {high}"),
        residual,
        times: ["a._t".to_owned(), "b._t".to_owned()],
        alone: format!("b._t - ({low})"),
    }
    .sql();
    let nodes = format!("[query.q]\nsql = \"\"\"{engine}\"\"\"\n");
    case(&mut dice, sources, nodes, sql, None, unit)
}

/// The bounds in one of several ways to write them, and what they are then.
fn distance(dice: &mut Dice, low: i64, high: i64) -> (String, [i64; 2]) {
    let (from, to) = (interval(low), interval(high));
    match dice.below(5) {
        0 => (
            format!("b.ts BETWEEN a.ts + {from} AND a.ts + {to}"),
            [low, high],
        ),
        1 => (
            format!("b.ts >= a.ts + {from} AND b.ts - {to} <= a.ts"),
            [low, high],
        ),
        2 => (
            format!(
                "a.ts + {from} < b.ts AND b.ts < a.ts + {}",
                interval(high + 2)
            ),
            [low + 1, high + 1],
        ),
        3 => (
            format!("a.ts >= b.ts - {to} AND a.ts <= b.ts - {from}"),
            [low, high],
        ),
        _ => (
            format!("b.ts - a.ts >= {from} AND b.ts - a.ts <= {to}"),
            [low, high],
        ),
    }
}

/// Windows joined with windows.
pub(crate) fn window_join(seed: u64) -> Case {
    let mut dice = Dice::new("window_join", seed);
    let windows = if dice.percent(50) {
        Windows::tumble(&mut dice)
    } else {
        Windows::hop(&mut dice)
    };
    let times = Times::random(&mut dice, windows.pane());
    let sources = sources(&mut dice, times, ["s", "r"]);
    let keys = sources[0].key_names();
    let n = 1 + dice.below(keys.len());
    let keys = dice.subset(&keys, n);
    let kind = Kind::random(&mut dice);
    let residual = Residual::random(&mut dice, kind);
    let [a, b] = ["s", "r"].map(|source| {
        let grouped = dice.percent(40);
        side(windows, source, &keys, grouped)
    });
    let equal = equalities(&keys);
    let start = if dice.percent(50) {
        "a.window_start = b.window_start AND "
    } else {
        ""
    };
    let engine = format!(
        "SELECT {} FROM {} a {} {} b ON {equal}{start}a.window_end = b.window_end AND {}",
        selected(kind),
        a.0,
        kind.words(),
        b.0,
        residual.engine
    );
    let size = windows.size;
    let sql = Batch {
        kind,
        a: a.1,
        b: b.1,
        on: format!("{equal}a._ws = b._ws"),
        residual,
        times: [
            format!("(a._ws + {size} - 1)"),
            format!("(b._ws + {size} - 1)"),
        ],
        alone: format!("(b._ws + {size} - 1)"),
    }
    .sql();
    let nodes = format!("[query.q]\nsql = \"\"\"{engine}\"\"\"\n");
    // Of groups, `ts` is the window's last microsecond.
    case(
        &mut dice,
        sources,
        nodes,
        sql,
        Some(windows),
        windows.pane(),
    )
}

/// One side: the windows of rows, or groups in windows; as the engine and as a batch says it.
fn side(windows: Windows, source: &str, keys: &[String], grouped: bool) -> (String, String) {
    let (call, relation) = (windows.call(source, "ts"), windows.relation(source, "_t"));
    if !grouped {
        return (call, relation);
    }
    let keys = keys.join(", ");
    let size = windows.size;
    let calls = "count(*) AS vi, sum(vf) AS vf";
    (
        format!(
            "(SELECT window_start, window_end, window_end - INTERVAL '1 microsecond' AS ts, {keys}, \
             {calls} FROM {call} GROUP BY window_start, window_end, {keys})"
        ),
        format!(
            "(SELECT _ws, _ws + {size} - 1 AS _t, max(_seq) AS _seq, {keys}, {calls} FROM {relation} \
             AS w GROUP BY _ws, {keys})"
        ),
    )
}

/// Prints how many cases have rows with and without a match, and fails where they are too few.
pub(crate) fn shares(construct: Construct, least: [u64; 2]) {
    if asked().is_some() {
        return;
    }
    let batch = BatchSql::new();
    let mut cases = [0u64; 2];
    for seed in 0..CASES {
        let case = (construct.case)(seed);
        let rows = &case.expected(&batch)[0].rows;
        let pair = |values: &[Value]| values.len() > 2;
        let alone = |values: &[Value]| values[..2].iter().any(Value::is_null);
        let pairs = || rows.iter().filter(|r| pair(&r.values));
        cases[0] += u64::from(pairs().any(|r| !alone(&r.values)));
        cases[1] += u64::from(pairs().any(|r| alone(&r.values)));
    }
    let shown = cases.map(|n| n * 100 / CASES);
    println!(
        "{}: matched {} %, unmatched {} %",
        construct.name, shown[0], shown[1]
    );
    let enough = shown
        .iter()
        .zip(least)
        .all(|(share, least)| *share >= least);
    assert!(
        enough,
        "{}: {shown:?}, expected {least:?} %",
        construct.name
    );
}
