//! Alerts that stand at the end of history: of each key the last word, while it is not over. What
//! began in history and goes on is told once, when history has ended; see `mute`.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray, UInt32Array};
use arrow::datatypes::SchemaRef;
use zaraba_core::alert::State;
use zaraba_core::batch::Batch;
use zaraba_core::error::{Error, Result};
use zaraba_core::snapshot::{Segment, Snapshot};
use zaraba_sql::in_order::{InOrder, Ties};

/// Parts of a snapshot.
const ENDING: &str = "muted_ending";
const STANDING: &str = "muted_standing";

/// Rows that may be held in vain before those that count are copied together.
const SLACK: usize = 4_096;

/// A kind and a key.
type Key = (String, String);

/// The alerts of one node that stand.
#[derive(Default)]
pub(super) struct Standing {
    /// Rows of history as they came, and those that count: a batch, a row in it.
    held: Vec<Batch>,
    places: HashMap<Key, (usize, usize)>,
    /// Kinds of which something ended.
    ending: BTreeSet<String>,
}

/// The texts of a column that every alert has.
fn texts<'a>(batch: &'a Batch, name: &str) -> Result<&'a StringArray> {
    let column = batch.rows.column_by_name(name);
    let texts = column.and_then(|column| column.as_string_opt::<i32>());
    texts.ok_or_else(|| Error::internal(format!("alerts without a text `{name}`")))
}

impl Standing {
    /// Takes alerts of history, in order.
    pub(super) fn take(&mut self, batch: Batch) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        let (kinds, keys) = (texts(&batch, "kind")?, texts(&batch, "key")?);
        let states = texts(&batch, "state")?;
        for row in 0..batch.len() {
            let key = (kinds.value(row).to_owned(), keys.value(row).to_owned());
            if states.value(row) == State::Clear.name() {
                self.ending.insert(key.0.clone());
                self.places.remove(&key);
            } else {
                self.places.insert(key, (self.held.len(), row));
            }
        }
        self.held.push(batch);
        let rows: usize = self.held.iter().map(Batch::len).sum();
        if rows > 2 * self.places.len() + SLACK {
            self.together()?;
        }
        Ok(())
    }

    /// How many stand.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// The earliest time of those that stand.
    pub(super) fn earliest(&self) -> Option<i64> {
        let times = self.places.values();
        times.map(|(batch, row)| self.held[*batch].time[*row]).min()
    }

    /// Leaves only the rows that count, in the order of (time, sequence), as one batch.
    fn together(&mut self) -> Result<()> {
        let Some(first) = self.held.first() else {
            return Ok(());
        };
        let mut starts = vec![0];
        for batch in &self.held {
            starts.push(starts[starts.len() - 1] + batch.len());
        }
        let all = Batch::concat(&first.rows.schema(), &self.held)?;
        let place = |(batch, row): &(usize, usize)| starts[*batch] + row;
        let mut counting: Vec<(Key, usize)> = self
            .places
            .drain()
            .map(|(key, at)| (key, place(&at)))
            .collect();
        counting.sort_by_key(|(_, at)| (all.time[*at], all.seq[*at], *at));
        let number = |at: usize| {
            let wide = || Error::internal("more than 4 billion alerts of history stand");
            u32::try_from(at).map_err(|_| wide())
        };
        let rows = counting.iter().map(|(_, at)| number(*at));
        let rows: UInt32Array = rows.collect::<Result<Vec<u32>>>()?.into();
        self.held = vec![all.take(&rows)?];
        let keys = counting.into_iter().enumerate();
        self.places = keys.map(|(row, (key, _))| (key, (0, row))).collect();
        Ok(())
    }

    /// All that stand, as openings, in order; then nothing does. `events`: kinds of which nothing ever
    /// ended have no end, and are not told.
    pub(super) fn told(&mut self, events: bool) -> Result<Option<Batch>> {
        if events {
            self.places
                .retain(|(kind, _), _| self.ending.contains(kind));
        }
        if self.places.is_empty() {
            *self = Self::default();
            return Ok(None);
        }
        self.together()?;
        let stood = std::mem::take(self);
        let Some(batch) = stood.held.into_iter().next() else {
            return Ok(None);
        };
        let opens = StringArray::from(vec![State::Open.name(); batch.len()]);
        let column = batch.rows.schema_ref().index_of("state")?;
        let mut columns: Vec<ArrayRef> = batch.rows.columns().to_vec();
        columns[column] = Arc::new(opens);
        let rows = RecordBatch::try_new(batch.rows.schema(), columns)?;
        batch.with_rows(rows).map(Some)
    }

    /// Adds it to a snapshot: the kinds that end, and the rows that stand.
    pub(super) fn save(&mut self, snapshot: &mut Snapshot) -> Result<()> {
        let kinds: StringArray = self.ending.iter().map(Some).collect();
        let kinds = RecordBatch::try_from_iter([("kind", Arc::new(kinds) as ArrayRef)])?;
        snapshot.push(ENDING, Vec::new(), vec![Segment::new(kinds)]);
        self.together()?;
        if let Some(all) = self.held.first() {
            let mut rows = InOrder::new(all.rows.schema(), Ties::AsTheyCame);
            rows.push(all.clone())?;
            rows.save(STANDING, snapshot)?;
        }
        Ok(())
    }

    /// Takes it back; the rows have these columns.
    pub(super) fn load(&mut self, columns: &SchemaRef, snapshot: &Snapshot) -> Result<()> {
        let mut rows = InOrder::new(Arc::clone(columns), Ties::AsTheyCame);
        rows.load(STANDING, snapshot)?;
        if let Some(all) = rows.before(None)? {
            self.take(all)?;
        }
        let kinds = snapshot.parts(ENDING).flat_map(|part| &part.segments);
        for kinds in kinds.filter_map(|kinds| kinds.rows.column(0).as_string_opt::<i32>()) {
            self.ending
                .extend(kinds.iter().flatten().map(str::to_owned));
        }
        Ok(())
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        /// Of a key, with its place.
        const KEY: usize = 120;
        self.held.iter().map(Batch::bytes).sum::<usize>() + self.places.len() * KEY
    }
}

#[cfg(test)]
mod tests {
    use zaraba_core::alert::{Alert, Severity, columns, id, rows};
    use zaraba_core::time::EventTime;

    use super::*;

    fn alert(time: i64, kind: &str, key: &str, state: State) -> Alert {
        let time = EventTime(time);
        Alert {
            time,
            id: id("r", kind, key, time, 0),
            rule: "r".to_owned(),
            state,
            severity: Severity::Watch,
            kind: kind.to_owned(),
            key: key.to_owned(),
            code: String::new(),
            args: "{}".to_owned(),
            title: String::new(),
            message: String::new(),
            texts: None,
            value: None,
            baseline: None,
            baseline_time: None,
            threshold: None,
            unit: None,
            evidence: "[]".to_owned(),
            link: None,
        }
    }

    fn batch(alerts: &[Alert]) -> Batch {
        let time = alerts.iter().map(|alert| alert.time.0).collect();
        let seq = vec![0; alerts.len()].into();
        Batch::new(rows(alerts).unwrap(), time, seq).unwrap()
    }

    /// Kind, key and time of each.
    fn lines(told: Option<Batch>) -> Vec<String> {
        let Some(told) = told else {
            return Vec::new();
        };
        let text = |name: &str, i| texts(&told, name).unwrap().value(i).to_owned();
        (0..told.len())
            .map(|i| format!("{} {} {}", text("kind", i), text("key", i), told.time[i]))
            .collect()
    }

    #[test]
    fn what_never_ends_is_an_event() {
        let history = || {
            let mut standing = Standing::default();
            let alerts = [
                alert(1, "jump", "a", State::Open),
                alert(2, "band", "a", State::Open),
                alert(3, "band", "b", State::Open),
                alert(4, "band", "b", State::Clear),
            ];
            standing.take(batch(&alerts)).unwrap();
            standing
        };
        let told = |events| lines(history().told(events).unwrap());
        assert_eq!(told(true), ["band a 2"]);
        assert_eq!(told(false), ["jump a 1", "band a 2"]);
        // What a checkpoint has is all there is.
        let mut snapshot = Snapshot::default();
        history().save(&mut snapshot).unwrap();
        let mut back = Standing::default();
        back.load(&columns(), &snapshot).unwrap();
        assert_eq!((back.len(), back.earliest()), (2, Some(1)));
        assert_eq!(lines(back.told(true).unwrap()), ["band a 2"]);
        assert_eq!(back.told(true).unwrap().map(|_| ()), None);
    }

    #[test]
    fn a_long_history_is_held_in_proportion_to_what_stands() {
        let mut standing = Standing::default();
        for hour in 0..40 {
            let of = |i: i64| {
                let state = if i % 2 == 0 {
                    State::Open
                } else {
                    State::Clear
                };
                alert(hour * 1_000 + i, "band", &format!("{}", i / 2 % 7), state)
            };
            let mut alerts: Vec<Alert> = (0..1_000).map(of).collect();
            alerts.push(alert(
                hour * 1_000 + 999,
                "band",
                &format!("of {hour}"),
                State::Open,
            ));
            standing.take(batch(&alerts)).unwrap();
        }
        let rows: usize = standing.held.iter().map(Batch::len).sum();
        assert!(rows < 6_000, "{rows}");
        let told = lines(standing.told(true).unwrap());
        assert_eq!(told.len(), 40);
        assert_eq!(told[0], "band of 0 999");
    }
}
