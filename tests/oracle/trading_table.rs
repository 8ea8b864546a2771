//! Tables that follow the exchange's calendar: a `ttl` of trading days, `snapshot_at`. As a batch,
//! joins with lists of trading days and of moments made by hand.

use super::batch::BatchSql;
use super::case::{Case, Expected, Order, drive, upserts};
use super::data::SECOND;
use super::dice::Dice;
use super::market_hours::{Session, sessions, source, times};

/// A moment's name, its venue, and whether it is the close of a night.
const MOMENTS: [(&str, &str, bool); 4] = [
    ("OSE.day_close", "OSE.future", false),
    ("OSE.night_close", "OSE.future", true),
    ("TSE.close", "TSE.cash", false),
    ("US.close", "US.cash", false),
];

/// The last sessions of a kind of each trading day.
fn last_of_days(sessions: &[Session], of: impl Fn(&Session) -> bool) -> Vec<Session> {
    let mut last: Vec<Session> = Vec::new();
    for session in sessions.iter().filter(|s| of(s)) {
        if last.last().is_some_and(|l| l.day == session.day) {
            last.pop();
        }
        last.push(*session);
    }
    last
}

/// When a row of each trading day is gone: from, to, and when that is so many trading days later.
fn expiries(days: usize) -> String {
    let ends = last_of_days(&sessions("OSE.future"), |_| true);
    // A day begins when the last session before it has ended.
    let rows = (0..ends.len() - days - 1).map(|i| {
        format!(
            "({}, {}, {})",
            ends[i].end,
            ends[i + 1].end,
            ends[i + days].end
        )
    });
    format!(
        "(VALUES {}) AS d(_from, _to, _gone)",
        rows.collect::<Vec<_>>().join(", ")
    )
}

/// The stretches of time between moments, each with the moment that is its end.
fn moments(venue: &str, night: bool) -> String {
    let ends = last_of_days(&sessions(venue), |s| s.night == night);
    let rows = ends
        .windows(2)
        .map(|pair| format!("({}, {})", pair[0].end, pair[1].end));
    format!(
        "(VALUES {}) AS m(_since, _moment)",
        rows.collect::<Vec<_>>().join(", ")
    )
}

/// A table.
struct Table {
    key: Vec<String>,
    /// Trading days that a row is kept.
    ttl: Option<usize>,
    /// Which of the moments.
    moment: Option<(&'static str, &'static str, bool)>,
    dropped: &'static str,
    columns: String,
    watermark: i64,
}

impl Table {
    fn toml(&self) -> String {
        let key: Vec<String> = self.key.iter().map(|k| format!("\"{k}\"")).collect();
        let mut toml = format!("[table.t]\nfrom = \"s\"\nkey = [{}]\n", key.join(", "));
        if let Some(days) = self.ttl {
            toml.push_str(&format!("ttl = \"{days} trading_days\"\n"));
        }
        if let Some((name, ..)) = self.moment {
            toml.push_str(&format!("snapshot_at = \"{name}\"\n"));
        }
        if self.dropped != "false" {
            toml.push_str(&format!("drop_when = \"{}\"\n", self.dropped));
        }
        toml
    }

    /// Of each key, within `more`, in an order.
    fn by(&self, more: &str, order: &str) -> String {
        let by: Vec<&str> = self.key.iter().map(String::as_str).chain([more]).collect();
        let by: Vec<&str> = by.into_iter().filter(|c| !c.is_empty()).collect();
        match by.as_slice() {
            [] => format!("(ORDER BY {order})"),
            some => format!("(PARTITION BY {} ORDER BY {order})", some.join(", ")),
        }
    }

    /// The rows that feed the table: all, or at each moment the newest of each key.
    fn rows(&self) -> String {
        let columns = &self.columns;
        let all = format!("(SELECT _t AS ts, {columns}, _t, _seq FROM s)");
        let Some((_, venue, night)) = self.moment else {
            return all;
        };
        format!(
            "(SELECT ts, {columns}, _moment AS _t, _seq FROM (SELECT *, row_number() OVER {} AS _n \
             FROM {all} AS a JOIN {} ON _t >= _since AND _t < _moment) AS b WHERE _n = 1)",
            self.by("_moment", "_t DESC, _seq DESC"),
            moments(venue, night),
        )
    }

    /// Every upsert and deletion that it emits, in their order per key.
    fn changes(&self) -> String {
        let Self {
            columns,
            dropped,
            watermark,
            ..
        } = self;
        let rows = self.rows();
        let dropped = format!("coalesce({dropped}, false)");
        let came = format!(
            "SELECT ts, {columns}, {dropped} AS _deleted, _t, 1 AS _kind, _seq FROM {rows} AS r"
        );
        let changes = match self.ttl {
            None => came,
            // A row goes when its days have passed, unless another came for its key before.
            Some(days) => format!(
                "{came} UNION ALL SELECT ts, {columns}, true AS _deleted, _gone AS _t, 0 AS _kind, \
                 _seq FROM (SELECT *, lead(_t) OVER {} AS _next, max(_t) OVER () AS _last FROM \
                 {rows} AS r JOIN {} ON _t >= _from AND _t < _to) AS g WHERE NOT {dropped} AND \
                 (_next IS NULL OR _next >= _gone) AND (_gone <= _last OR _gone < {watermark})",
                self.by("", "_t, _seq"),
                expiries(days),
            ),
        };
        format!(
            "SELECT ts, {columns}, _deleted, _t AS _time FROM ({changes}) AS c ORDER BY _t, _kind, \
             _seq"
        )
    }
}

/// A table's own stream.
pub(crate) fn trading_table(seed: u64) -> Case {
    let mut dice = Dice::new("trading_table", seed);
    let times = times(&mut dice);
    let keys = 1 + dice.below(3);
    let source = source(&mut dice, keys, times);
    let mut key = source.key_names();
    match dice.percent(10) {
        true => key.clear(),
        false => key.truncate(1 + dice.below(2)),
    }
    let (ttl, moment) = match dice.below(3) {
        0 => (true, false),
        1 => (false, true),
        _ => (true, true),
    };
    let columns: Vec<&str> = source.columns[1..]
        .iter()
        .map(|c| c.name.as_str())
        .collect();
    let places = |k: &String| 1 + columns.iter().position(|c| c == k).unwrap();
    let order = Order::Key(key.iter().map(places).collect());
    let table = Table {
        ttl: ttl.then(|| 1 + dice.below(3)),
        moment: moment.then(|| dice.pick(&MOMENTS)),
        dropped: dice.pick(&["false", "false", "false", "vi > 20"]),
        columns: columns.join(", "),
        watermark: source.last_watermark().unwrap_or(i64::MIN),
        key,
    };
    let sql = table.changes();
    let asked = sql.clone();
    Case {
        nodes: table.toml(),
        sources: vec![source],
        drive: drive(&mut dice),
        pane: 6 * 3600 * SECOND,
        windows: None,
        answer: Box::new(move |batch: &BatchSql| {
            vec![Expected {
                stream: "t".to_owned(),
                order: order.clone(),
                upsert: true,
                rows: upserts(batch.rows(&asked)),
            }]
        }),
        sql,
    }
}
