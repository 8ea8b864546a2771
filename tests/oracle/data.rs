//! Sources of a case: schema, partitions, rows with disorder, ties, nulls and NaN; and, told
//! independently of the engine, which of the rows are late.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};

use super::dice::Dice;
use super::value::Value;

/// A microsecond count of one second.
pub(crate) const SECOND: i64 = 1_000_000;

/// A column's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Time,
    Text,
    Int,
    Float,
    Date,
    Decimal,
    Bool,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Time => "timestamp",
            Self::Text => "text",
            Self::Int => "int64",
            Self::Float => "float64",
            Self::Date => "date",
            Self::Decimal => "decimal(12, 2)",
            Self::Bool => "bool",
        }
    }

    fn arrow(self) -> DataType {
        match self {
            Self::Time => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Text => DataType::Utf8,
            Self::Int => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::Date => DataType::Date32,
            Self::Decimal => DataType::Decimal128(12, 2),
            Self::Bool => DataType::Boolean,
        }
    }

    /// A value that is a key: few different ones, some null or NaN.
    fn key(self, dice: &mut Dice) -> Value {
        if dice.percent(12) {
            return Value::Null;
        }
        let n = dice.within(0, 3);
        match self {
            Self::Text => Value::Text(["a", "b", "日経", ""][n as usize].to_owned()),
            Self::Float if n == 3 => Value::Float(f64::NAN),
            Self::Float => Value::Float(n as f64 - 1.0),
            Self::Date => Value::Int(i128::from(20_000 + n)),
            _ => Value::Int(i128::from(n - 1)),
        }
    }

    /// Any value; floats are whole, so that their sums do not depend on the order.
    fn value(self, dice: &mut Dice, nan: i64) -> Value {
        if dice.percent(10) {
            return Value::Null;
        }
        match self {
            Self::Text => Value::Text(dice.pick(&["p", "q", "rr", "秋", "x y"]).to_owned()),
            Self::Float if dice.percent(nan) => Value::Float(f64::NAN),
            Self::Float => Value::Float(dice.within(-20, 50) as f64),
            Self::Decimal => Value::Int(i128::from(dice.within(-9_999, 9_999))),
            Self::Bool => Value::Bool(dice.percent(60)),
            _ => Value::Int(i128::from(dice.within(-9, 30))),
        }
    }
}

/// A source's column.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

/// A row as it comes.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) partition: u16,
    pub(crate) position: u64,
    pub(crate) time: i64,
    /// The columns behind `ts`.
    pub(crate) values: Vec<Value>,
    /// How far its partition had come, if that makes it late.
    pub(crate) late_at: Option<i64>,
}

/// A source and its rows in the order of arrival.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) ordinal: u8,
    pub(crate) out_of_order: i64,
    pub(crate) partitions: u16,
    /// `ts` first, then keys, then values.
    pub(crate) columns: Vec<Column>,
    pub(crate) keys: usize,
    /// How many in a hundred floats are NaN.
    nan: i64,
    pub(crate) rows: Vec<Row>,
}

/// How times are spread.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// Where they begin.
    pub(crate) origin: i64,
    /// All times are multiples of this, so that they meet windows' ends and each other.
    pub(crate) grain: i64,
    /// The average step from row to row, in grains (0: all the same time).
    pub(crate) step: i64,
}

impl Times {
    /// At random; `unit`: a length that matters to the construct.
    pub(crate) fn random(dice: &mut Dice, unit: i64) -> Self {
        let origin = dice.pick(&[0, -37 * SECOND, 1_763_078_400 * SECOND]);
        let parts = dice.pick(&[1, 2, 5, 8, 10]);
        let grain = if unit % parts == 0 {
            unit / parts
        } else {
            unit
        };
        Self {
            origin,
            grain,
            step: dice.pick(&[0, 1, 1, 2, 6]),
        }
    }
}

impl Source {
    /// A schema at random: 0 to 3 keys, and values.
    pub(crate) fn schema(dice: &mut Dice, keys: usize) -> Vec<Column> {
        let column = |name: String, kind| Column { name, kind };
        let mut columns = vec![column("ts".to_owned(), Kind::Time)];
        for i in 1..=keys {
            let kind = dice.pick(&[Kind::Text, Kind::Int, Kind::Date, Kind::Float]);
            columns.push(column(format!("k{i}"), kind));
        }
        columns.push(column("vi".to_owned(), Kind::Int));
        columns.push(column("vf".to_owned(), Kind::Float));
        for (name, kind) in [
            ("vt", Kind::Text),
            ("vd", Kind::Decimal),
            ("vb", Kind::Bool),
        ] {
            if dice.percent(70) {
                columns.push(column(name.to_owned(), kind));
            }
        }
        columns
    }

    /// Rows at random.
    pub(crate) fn random(
        dice: &mut Dice,
        name: &str,
        ordinal: u8,
        columns: Vec<Column>,
        times: Times,
    ) -> Self {
        let partitions = dice.pick(&[1, 1, 2, 3, 4]);
        let out_of_order = times.grain * dice.pick(&[0, 1, 2, 5, 20]);
        let keys = columns.iter().filter(|c| c.name.starts_with('k')).count();
        let n = match dice.within(0, 99) {
            0..=3 => 0,
            4..=94 => dice.within(1, 400),
            _ => dice.within(1_000, 5_000),
        };
        let mut source = Self {
            name: name.to_owned(),
            ordinal,
            out_of_order,
            partitions,
            columns,
            keys,
            nan: dice.pick(&[0, 0, 3]),
            rows: Vec::new(),
        };
        source.fill(dice, usize::try_from(n).unwrap(), times);
        source
    }

    fn fill(&mut self, dice: &mut Dice, n: usize, times: Times) {
        let partitions = usize::from(self.partitions);
        let mut newest: Vec<Option<i64>> = vec![None; partitions];
        let mut positions = vec![0u64; partitions];
        let mut now = times.origin;
        let mut partition = 0;
        for _ in 0..n {
            if dice.percent(30) {
                partition = dice.below(partitions);
            }
            now += times.grain * dice.within(0, 2 * times.step);
            let back = match dice.within(0, 9) {
                0..=4 => 0,
                5..=7 => dice.within(0, self.out_of_order / times.grain) * times.grain,
                // Just at, and just beyond, what is late.
                8 => self.out_of_order + dice.within(0, 1),
                _ => dice.within(0, 3 * self.out_of_order / times.grain + 6) * times.grain,
            };
            let time = now - back;
            let reached = newest[partition];
            let late = reached.is_some_and(|r| time < r - self.out_of_order);
            if !late {
                newest[partition] = Some(reached.map_or(time, |r| r.max(time)));
            }
            let values = self.values(dice);
            self.rows.push(Row {
                partition: u16::try_from(partition).unwrap(),
                position: positions[partition],
                time,
                values,
                late_at: reached.filter(|_| late),
            });
            positions[partition] += 1;
        }
    }

    fn values(&self, dice: &mut Dice) -> Vec<Value> {
        let one = |(i, c): (usize, &Column)| {
            if i < self.keys {
                c.kind.key(dice)
            } else {
                c.kind.value(dice, self.nan)
            }
        };
        self.columns[1..].iter().enumerate().map(one).collect()
    }

    /// Its section of the pipeline file.
    pub(crate) fn toml(&self) -> String {
        let Self {
            name, out_of_order, ..
        } = self;
        let mut toml = format!(
            "[source.{name}]\nconnector = \"channel\"\ntime = \"ts\"\nout_of_order = \
             \"{out_of_order}us\"\n[source.{name}.schema]\n"
        );
        for column in &self.columns {
            toml.push_str(&format!("{} = \"{}\"\n", column.name, column.kind.word()));
        }
        toml
    }

    /// The names of its key columns.
    pub(crate) fn key_names(&self) -> Vec<String> {
        self.columns[1..=self.keys]
            .iter()
            .map(|c| c.name.clone())
            .collect()
    }

    /// Whether it has a column.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.columns.iter().any(|c| c.name == name)
    }

    /// A row's hidden order among rows of equal time.
    pub(crate) fn seq(&self, row: &Row) -> i64 {
        let high = (i64::from(self.ordinal) << 16) | i64::from(row.partition);
        (high << 40) | i64::try_from(row.position).unwrap()
    }

    /// The rows that are not late.
    pub(crate) fn kept(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|r| r.late_at.is_none())
    }

    /// The watermark behind its last row; none without rows.
    pub(crate) fn last_watermark(&self) -> Option<i64> {
        self.kept().map(|r| r.time - self.out_of_order).max()
    }

    /// Rows as the engine is fed: its columns only, each batch of one partition.
    pub(crate) fn batches(&self) -> Vec<(u16, RecordBatch)> {
        let mut batches = Vec::new();
        for run in self.rows.chunk_by(|a, b| a.partition == b.partition) {
            batches.push((
                run[0].partition,
                self.record(&run.iter().collect::<Vec<_>>(), false),
            ));
        }
        batches
    }

    /// The rows that are not late, with `_t` (microseconds) and `_seq` beside them.
    pub(crate) fn table(&self) -> RecordBatch {
        self.record(&self.kept().collect::<Vec<_>>(), true)
    }

    fn record(&self, rows: &[&Row], hidden: bool) -> RecordBatch {
        let mut fields = Vec::new();
        let mut arrays: Vec<ArrayRef> = Vec::new();
        for (i, column) in self.columns.iter().enumerate() {
            fields.push(Field::new(&column.name, column.kind.arrow(), true));
            arrays.push(match i {
                0 => {
                    let times: TimestampMicrosecondArray =
                        rows.iter().map(|r| Some(r.time)).collect();
                    Arc::new(times.with_timezone("UTC"))
                }
                i => array(column.kind, rows.iter().map(|r| &r.values[i - 1])),
            });
        }
        if hidden {
            for (name, values) in [
                ("_t", rows.iter().map(|r| r.time).collect::<Int64Array>()),
                ("_seq", rows.iter().map(|r| self.seq(r)).collect()),
            ] {
                fields.push(Field::new(name, DataType::Int64, false));
                arrays.push(Arc::new(values));
            }
        }
        RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
    }
}

fn array<'a>(kind: Kind, values: impl Iterator<Item = &'a Value>) -> ArrayRef {
    let int = |v: &Value| match v {
        Value::Int(i) => Some(i64::try_from(*i).unwrap()),
        _ => None,
    };
    match kind {
        Kind::Time | Kind::Int => Arc::new(values.map(int).collect::<Int64Array>()),
        Kind::Date => {
            let days = values.map(|v| int(v).map(|i| i32::try_from(i).unwrap()));
            Arc::new(days.collect::<Date32Array>())
        }
        Kind::Decimal => {
            let decimals: Decimal128Array = values.map(|v| int(v).map(i128::from)).collect();
            Arc::new(decimals.with_precision_and_scale(12, 2).unwrap())
        }
        Kind::Float => {
            let floats = values.map(|v| match v {
                Value::Float(f) => Some(*f),
                _ => None,
            });
            Arc::new(floats.collect::<Float64Array>())
        }
        Kind::Bool => {
            let bools = values.map(|v| match v {
                Value::Bool(b) => Some(*b),
                _ => None,
            });
            Arc::new(bools.collect::<BooleanArray>())
        }
        Kind::Text => {
            let texts = values.map(|v| match v {
                Value::Text(t) => Some(t.as_str()),
                _ => None,
            });
            Arc::new(texts.collect::<StringArray>())
        }
    }
}
