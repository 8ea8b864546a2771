//! TUMBLE, HOP and CUMULATE: a pipeline with one windowed query, and the same as a batch: the
//! windows of a row by arithmetic on its microseconds (TUMBLE) or by a join with a list of windows
//! (HOP, CUMULATE).

use std::collections::BTreeMap;

use super::aggregate::{Call, calls, condition};
use super::batch::BatchSql;
use super::case::{Case, Expected, Order, drive, timed};
use super::data::{SECOND, Source, Times};
use super::dice::Dice;
use super::value::{Value, line};

/// An interval in SQL.
pub(crate) fn interval(micros: i64) -> String {
    format!("INTERVAL '{micros} microseconds'")
}

/// Windows of a fixed size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Windows {
    pub(crate) size: i64,
    pub(crate) slide: i64,
    pub(crate) offset: i64,
    /// Whether they are CUMULATE's, of steps as long as the slide.
    pub(crate) grow: bool,
}

impl Windows {
    pub(crate) fn tumble(dice: &mut Dice) -> Self {
        let size = SECOND * dice.pick(&[1, 7, 10, 60, 3600]);
        Self {
            size,
            slide: size,
            offset: offset(dice, size),
            grow: false,
        }
    }

    pub(crate) fn cumulate(dice: &mut Dice) -> Self {
        let slide = SECOND * dice.pick(&[1, 2, 5, 10]);
        let size = slide * dice.pick(&[1, 2, 3, 5, 12]);
        Self {
            size,
            slide,
            offset: offset(dice, size),
            grow: true,
        }
    }

    pub(crate) fn hop(dice: &mut Dice) -> Self {
        let slide = SECOND * dice.pick(&[1, 2, 5, 10]);
        let size = match dice.within(0, 3) {
            0 => slide * dice.within(1, 6),
            1 => slide * dice.within(1, 3) + slide / 2,
            2 => slide / 2,
            _ => slide * 2 / 5 * dice.within(1, 8),
        };
        Self {
            size,
            slide,
            offset: offset(dice, slide),
            grow: false,
        }
    }

    /// The length that every window's bounds are multiples of.
    pub(crate) fn pane(self) -> i64 {
        (1..=self.slide)
            .rev()
            .find(|p| self.slide % p == 0 && self.size % p == 0)
            .unwrap()
    }

    /// As a table function over `input`.
    pub(crate) fn call(self, input: &str, time: &str) -> String {
        let Self {
            size,
            slide,
            offset,
            grow,
        } = self;
        let lengths = if size == slide && !grow {
            interval(size)
        } else {
            format!("{}, {}", interval(slide), interval(size))
        };
        let name = match grow {
            true => "CUMULATE",
            false if size == slide => "TUMBLE",
            false => "HOP",
        };
        let offset = if offset == 0 {
            String::new()
        } else {
            format!(", {}", interval(offset))
        };
        format!("{name}({input}, {time}, {lengths}{offset})")
    }

    /// A batch relation over `input`: its rows, each with `_ws` for each of its windows (and `_we`
    /// where they grow).
    pub(crate) fn relation(self, input: &str, time: &str) -> String {
        let Self {
            size,
            slide,
            offset,
            grow,
        } = self;
        if grow {
            // How far the time is behind the start, and the steps that end after it.
            let behind = format!("((({time} - ({offset})) % {size} + {size}) % {size})");
            let list: Vec<String> = (1..=size / slide)
                .map(|i| format!("({})", i * slide))
                .collect();
            return format!(
                "(SELECT r.*, {time} - {behind} AS _ws, {time} - {behind} + b._length AS _we FROM \
                 {input} AS r JOIN (VALUES {}) AS b(_length) ON {behind} < b._length)",
                list.join(", ")
            );
        }
        // How far the time is behind the last start of a window.
        let behind = format!("((({time} - ({offset})) % {slide} + {slide}) % {slide})");
        if size == slide {
            return format!("(SELECT *, {time} - {behind} AS _ws FROM {input})");
        }
        let n = size / slide + 1;
        let list: Vec<String> = (0..n).map(|i| format!("({})", i * slide)).collect();
        format!(
            "(SELECT r.*, {time} - {behind} - b._back AS _ws FROM {input} AS r \
             JOIN (VALUES {}) AS b(_back) ON {behind} + b._back < {size})",
            list.join(", ")
        )
    }
}

fn offset(dice: &mut Dice, slide: i64) -> i64 {
    match dice.within(0, 3) {
        0 => dice.within(1, slide - 1),
        1 => -slide / 4,
        _ => 0,
    }
}

/// What a windowed query is made of.
struct Query {
    windows: Windows,
    keys: Vec<String>,
    calls: Vec<Call>,
    condition: Option<String>,
    having: Option<Call>,
}

impl Query {
    fn random(dice: &mut Dice, source: &Source, windows: Windows, rare: bool) -> Self {
        let names = source.key_names();
        let n = if names.is_empty() {
            0
        } else {
            dice.below(names.len() + 1)
        };
        let calls_n = 1 + dice.below(4);
        Self {
            windows,
            keys: dice.subset(&names, n),
            calls: calls(dice, source, calls_n, rare),
            condition: dice.percent(30).then(|| condition(dice, source)),
            having: (rare && dice.percent(30)).then(|| Call {
                engine: "count(*) > 1".to_owned(),
                batch: "count(*) > 1".to_owned(),
            }),
        }
    }

    /// In the pipeline, in one of three ways to write it.
    fn engine(&self, dice: &mut Dice, source: &str) -> String {
        let keys: String = self.keys.iter().map(|k| format!("{k}, ")).collect();
        let calls = self
            .calls
            .iter()
            .enumerate()
            .map(|(i, c)| format!("{} AS a{i}", c.engine));
        let calls = calls.collect::<Vec<_>>().join(", ");
        let group: String = self.keys.iter().map(|k| format!(", {k}")).collect();
        let filter = self
            .condition
            .as_ref()
            .map_or(String::new(), |c| format!(" WHERE {c}"));
        let having = self
            .having
            .as_ref()
            .map_or(String::new(), |c| format!(" HAVING {}", c.engine));
        let inner = format!("SELECT * FROM {source}{filter}");
        let (with, from) = match dice.below(3) {
            0 => (
                String::new(),
                format!("{}{filter}", self.windows.call(source, "ts")),
            ),
            1 => (
                String::new(),
                self.windows.call(&format!("({inner})"), "ts"),
            ),
            _ => (
                format!("WITH c AS ({inner}) "),
                self.windows.call("c", "ts"),
            ),
        };
        format!(
            "{with}SELECT window_start, window_end, {keys}{calls} FROM {from} GROUP BY \
             window_start, window_end{group}{having}"
        )
    }

    /// As a batch, of these calls.
    fn batch(&self, source: &str, calls: &[Call]) -> String {
        let size = self.windows.size;
        let (end, bounds) = if self.windows.grow {
            ("_we".to_owned(), "_ws, _we")
        } else {
            (format!("_ws + {size}"), "_ws")
        };
        let keys: String = self.keys.iter().map(|k| format!("{k}, ")).collect();
        let calls = calls
            .iter()
            .enumerate()
            .map(|(i, c)| format!("{} AS a{i}, ", c.batch));
        let calls = calls.collect::<String>();
        let group: String = self.keys.iter().map(|k| format!(", {k}")).collect();
        let filter = self
            .condition
            .as_ref()
            .map_or(String::new(), |c| format!(" WHERE {c}"));
        let having = self
            .having
            .as_ref()
            .map_or(String::new(), |c| format!(" HAVING {}", c.batch));
        let from = self
            .windows
            .relation(&format!("(SELECT * FROM {source}{filter})"), "_t");
        format!(
            "SELECT _ws AS window_start, {end} AS window_end, {keys}{calls}{end} - 1 AS _time FROM \
             {from} AS w GROUP BY {bounds}{group}{having} ORDER BY {bounds}"
        )
    }

    /// One batch query for each call: DataFusion refuses calls of different orders in one.
    fn each(&self, source: &str) -> Vec<String> {
        self.calls
            .iter()
            .map(|c| self.batch(source, std::slice::from_ref(c)))
            .collect()
    }
}

/// The answers of several queries of the same windows and keys, side by side.
pub(crate) fn side_by_side(answers: Vec<Vec<Vec<Value>>>, keys: usize) -> Vec<Vec<Value>> {
    let mut answers = answers.into_iter();
    let mut rows = answers.next().unwrap();
    for answer in answers {
        let found: BTreeMap<String, Value> = answer
            .iter()
            .map(|r| (line(&r[..2 + keys]), r[2 + keys].clone()))
            .collect();
        for row in &mut rows {
            let time = row.pop().unwrap();
            row.push(found[&line(&row[..2 + keys])].clone());
            row.push(time);
        }
    }
    rows
}

fn case(name: &str, seed: u64, windows: fn(&mut Dice) -> Windows, rare: bool) -> Case {
    let mut dice = Dice::new(name, seed);
    let windows = windows(&mut dice);
    let times = Times::random(&mut dice, windows.pane());
    let keys = dice.below(4);
    let columns = Source::schema(&mut dice, keys);
    let source = Source::random(&mut dice, "s", 0, columns, times);
    let query = Query::random(&mut dice, &source, windows, rare);
    let engine = query.engine(&mut dice, "s");
    let asked = if rare {
        query.each("s")
    } else {
        vec![query.batch("s", &query.calls)]
    };
    let sql = asked.join(";\n");
    let keys = query.keys.len();
    Case {
        sources: vec![source],
        nodes: format!("[query.w]\nsql = \"\"\"{engine}\"\"\"\n"),
        drive: drive(&mut dice),
        pane: windows.slide,
        answer: Box::new(move |batch: &BatchSql| {
            let answers = asked.iter().map(|sql| batch.rows(sql)).collect();
            let rows = timed(side_by_side(answers, keys));
            let order = Order::Key((2..2 + keys).collect());
            vec![Expected {
                stream: "w".to_owned(),
                order,
                upsert: false,
                rows,
            }]
        }),
        windows: Some(windows),
        sql,
    }
}

/// TUMBLE.
pub(crate) fn tumble(seed: u64) -> Case {
    case("tumble", seed, Windows::tumble, false)
}

/// HOP.
pub(crate) fn hop(seed: u64) -> Case {
    case("hop", seed, Windows::hop, false)
}

/// Whether a construct's case asks for aggregates of many kinds: the last of each three hundred do,
/// since DuckDB, which knows other kinds, answers the first ones too.
pub(crate) const fn asks_rare(seed: u64) -> bool {
    seed % 300 >= 200
}

/// CUMULATE.
pub(crate) fn cumulate(seed: u64) -> Case {
    case("cumulate", seed, Windows::cumulate, asks_rare(seed))
}

/// Aggregates of many kinds, over both.
pub(crate) fn aggregates(seed: u64) -> Case {
    let windows = if seed.is_multiple_of(2) {
        Windows::tumble
    } else {
        Windows::hop
    };
    case("aggregates", seed, windows, true)
}
