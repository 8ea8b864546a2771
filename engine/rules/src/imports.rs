//! The contract's imports: what a guest may ask of its host. Each is charged by the bytes it moves,
//! and a question that the contract does not allow traps.

use chrono::{Datelike, NaiveDate};
use zaraba_core::time::EventTime;
use zaraba_finance::calendar::{Phase as At, SessionKind as Kind, Venue};

use crate::bindings::zaraba::rules::calendar::{Phase, Session, SessionKind};
use crate::bindings::zaraba::rules::state::Entry;
use crate::bindings::zaraba::rules::tables::Batch as Found;
use crate::bindings::zaraba::rules::{calendar, log, state, tables, types};
use crate::columns::Columns;
use crate::failure::Failure;
use crate::value::Value;
use crate::world::{Level, World};

type Result<T> = wasmtime::Result<T>;

fn refuse<T>(why: String) -> Result<T> {
    Err(Failure::Answer(why).into())
}

impl World {
    /// `at` must be the time of a row of this call: what is asked for another time would depend on
    /// how rows are split into calls.
    fn check_time(&self, at: i64) -> Result<()> {
        match self.times {
            Some((first, last)) if (first..=last).contains(&at) => Ok(()),
            Some((first, last)) => refuse(format!(
                "it asked about {}; the rows of the call are of {} to {}",
                EventTime(at),
                EventTime(first),
                EventTime(last)
            )),
            None => refuse("it asked for state or tables before any row".into()),
        }
    }

    fn check_table(&self, table: u32) -> Result<usize> {
        let table = table as usize;
        if table < self.tables {
            return Ok(table);
        }
        refuse(format!(
            "it asked for table {table}; its manifest has {}",
            self.tables
        ))
    }
}

fn venue(name: &str) -> Result<Venue> {
    name.parse()
        .or_else(|error: zaraba_finance::calendar::UnknownVenue| refuse(error.to_string()))
}

fn ours<T>(result: zaraba_core::error::Result<T>) -> Result<T> {
    result.or_else(|error| refuse(error.to_string()))
}

impl types::Host for World {}

impl log::Host for World {
    fn write(&mut self, level: log::Level, text: String) -> Result<()> {
        self.charge(text.len())?;
        let level = match level {
            log::Level::Debug => Level::Debug,
            log::Level::Info => Level::Info,
            log::Level::Warn => Level::Warn,
            log::Level::Error => Level::Error,
        };
        self.line(level, &text);
        Ok(())
    }
}

impl state::Host for World {
    fn get(&mut self, key: Vec<u8>, at: i64) -> Result<Option<Vec<u8>>> {
        self.check_time(at)?;
        let found = self.state.get(&key, at).map(<[u8]>::to_vec);
        self.charge(key.len() + found.as_ref().map_or(0, Vec::len))?;
        Ok(found)
    }

    fn set(&mut self, key: Vec<u8>, value: Vec<u8>, expires: Option<i64>) -> Result<()> {
        if self.times.is_none() {
            return refuse("it wrote state before any row".into());
        }
        self.charge(key.len() + value.len())?;
        let limit = self.around.limits.state;
        let full = |_| {
            Failure::Answer(format!(
                "its state grew past {limit} bytes (`limits.state`)"
            ))
        };
        Ok(self.state.set(key, value, expires, limit).map_err(full)?)
    }

    fn delete(&mut self, key: Vec<u8>) -> Result<()> {
        self.charge(key.len())?;
        self.state.delete(&key);
        Ok(())
    }

    fn scan(
        &mut self,
        prefix: Vec<u8>,
        after: Option<Vec<u8>>,
        limit: u32,
        at: i64,
    ) -> Result<Vec<Entry>> {
        self.check_time(at)?;
        let found = self.state.scan(&prefix, after.as_deref(), at);
        let entry = |(key, value): (&[u8], &[u8])| Entry {
            key: key.to_vec(),
            value: value.to_vec(),
        };
        let found: Vec<Entry> = found.take(limit as usize).map(entry).collect();
        let bytes: usize = found.iter().map(|e| e.key.len() + e.value.len() + 16).sum();
        self.charge(bytes)?;
        Ok(found)
    }
}

impl tables::Host for World {
    fn lookup(&mut self, table: u32, key: Vec<Value>, at: i64) -> Result<Option<Vec<Value>>> {
        self.check_time(at)?;
        let table = self.check_table(table)?;
        self.charge(key.len() * 32)?;
        ours(self.around.tables.lookup(table, &key, EventTime(at)))
    }

    fn scan(&mut self, table: u32, prefix: Vec<Value>, at: i64) -> Result<Found> {
        self.check_time(at)?;
        let table = self.check_table(table)?;
        let found = ours(self.around.tables.scan(table, &prefix, EventTime(at)))?;
        let Some(rows) = found else {
            return Ok(Found {
                time: Vec::new(),
                columns: Vec::new(),
            });
        };
        self.charge(rows.bytes())?;
        Ok(ours(Columns::of_all(&rows))?.owned(&rows.time))
    }
}

/// Days since 1970-01-01.
fn days(date: NaiveDate) -> i32 {
    date.num_days_from_ce() - 719_163
}

fn date(days: i32) -> Result<NaiveDate> {
    let found = days
        .checked_add(719_163)
        .and_then(NaiveDate::from_num_days_from_ce_opt);
    found.map_or_else(
        || refuse(format!("there is no day {days} days from 1970-01-01")),
        Ok,
    )
}

impl calendar::Host for World {
    fn trading_day(&mut self, at_venue: String, at: i64) -> Result<i32> {
        self.charge(0)?;
        let venue = venue(&at_venue)?;
        Ok(days(self.around.calendar.trading_day(venue, EventTime(at))))
    }

    fn session_at(&mut self, at_venue: String, at: i64) -> Result<Option<Session>> {
        self.charge(0)?;
        let found = self
            .around
            .calendar
            .session_at(venue(&at_venue)?, EventTime(at));
        Ok(found.map(|session| Session {
            kind: match session.kind {
                Kind::Day => SessionKind::Day,
                Kind::Night => SessionKind::Night,
            },
            trading_day: days(session.trading_day),
            opens: session.start.0,
            closes: session.close().0,
        }))
    }

    fn phase_at(&mut self, at_venue: String, at: i64) -> Result<Phase> {
        self.charge(0)?;
        Ok(
            match self.around.calendar.phase(venue(&at_venue)?, EventTime(at)) {
                At::PreOpen => Phase::PreOpen,
                At::Ncp => Phase::Ncp,
                At::ItayoseOpen => Phase::ItayoseOpen,
                At::Zaraba => Phase::Zaraba,
                At::PreClose => Phase::PreClose,
                At::ItayoseClose => Phase::ItayoseClose,
                At::Closed => Phase::Closed,
                At::Halted => Phase::Halted,
            },
        )
    }

    fn trading_days_between(&mut self, at_venue: String, start: i32, end: i32) -> Result<i64> {
        self.charge(0)?;
        let venue = venue(&at_venue)?;
        Ok(self
            .around
            .calendar
            .trading_days_between(venue, date(start)?, date(end)?))
    }

    fn sq_date(&mut self, year: i32, month: u8) -> Result<i32> {
        self.charge(0)?;
        if !(1..=12).contains(&month) || !(1990..=2100).contains(&year) {
            return refuse(format!(
                "it asked for the special quotation of {year}-{month:02}"
            ));
        }
        Ok(days(self.around.calendar.sq_date(year, month.into())))
    }

    fn next_sq(&mut self, day: i32) -> Result<(i32, i64)> {
        self.charge(0)?;
        let from = date(day)?;
        if !(1990..=2100).contains(&from.year()) {
            return refuse(format!("it asked for the special quotation after {from}"));
        }
        let calendar = &self.around.calendar;
        let this = calendar.sq_date(from.year(), from.month());
        let found = match this >= from {
            true => this,
            false => calendar.sq_date(from.year(), from.month() + 1),
        };
        Ok((days(found), (found - from).num_days()))
    }
}
