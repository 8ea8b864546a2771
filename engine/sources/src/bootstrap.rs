//! `bootstrap`: files of the past before a source's own rows, so that indicators and tables know
//! what was before the first live row. One stream, in the order of time; what the files have in
//! common with the live rows is late there.

use zaraba_core::error::Result;
use zaraba_core::source::{Polled, Position, Source};
use zaraba_core::time::{ClockTime, Epoch};

use crate::file::FileSource;

/// Files, then another source.
pub struct Bootstrapped {
    history: FileSource,
    then: Box<dyn Source>,
    /// Rows of the files handed over, bad ones counted.
    rows: u64,
    /// Whether the files have ended.
    done: bool,
}

impl Bootstrapped {
    /// Reads `history` first; it is one partition, in the order of its files.
    #[must_use]
    pub const fn new(history: FileSource, then: Box<dyn Source>) -> Self {
        Self {
            history,
            then,
            rows: 0,
            done: false,
        }
    }
}

impl Source for Bootstrapped {
    fn poll(&mut self, limit: usize) -> Result<Polled> {
        while !self.done {
            match self.history.poll(limit)? {
                Polled::Rows(rows) => {
                    self.rows += rows.len() as u64;
                    return Ok(Polled::Rows(rows));
                }
                Polled::End => self.done = true,
                Polled::PartitionEnd(_) => {}
                pending @ Polled::Pending(_) => return Ok(pending),
            }
        }
        self.then.poll(limit)
    }

    fn partitions(&self) -> u16 {
        self.then.partitions()
    }

    fn replayable(&self) -> bool {
        self.then.replayable()
    }

    fn live(&self) -> bool {
        self.then.live()
    }

    fn answered(&mut self) -> bool {
        self.then.answered()
    }

    fn not_before(&self) -> Option<ClockTime> {
        self.then.not_before()
    }

    fn of_the_past(&self) -> bool {
        !self.done
    }

    fn position(&self) -> Position {
        let (history, then) = (self.history.position(), self.then.position());
        let mut rows = then.rows;
        match rows.first_mut() {
            Some(first) => *first += self.rows,
            None => rows.push(self.rows),
        }
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let mut own = vec![
            i64::from(self.done),
            number(self.rows),
            number(history.own.len() as u64),
        ];
        own.extend(history.own);
        own.extend(then.own);
        Position { rows, own }
    }

    fn seek(&mut self, position: &Position) -> Result<()> {
        let [done, history_rows, history_numbers, own @ ..] = position.own.as_slice() else {
            return self.then.seek(position);
        };
        self.done = *done != 0;
        self.rows = u64::try_from(*history_rows).unwrap_or(0);
        let (history, then) = own.split_at(
            own.len()
                .min(usize::try_from(*history_numbers).unwrap_or(0)),
        );
        self.history.seek(&Position {
            rows: vec![self.rows],
            own: history.to_vec(),
        })?;
        let mut rows = position.rows.clone();
        if let Some(first) = rows.first_mut() {
            *first = first.saturating_sub(self.rows);
        }
        let own = then.to_vec();
        self.then.seek(&Position { rows, own })
    }

    fn close(&mut self) -> bool {
        // What is left of the past stays unread.
        self.done = true;
        self.then.close()
    }

    fn ack(&mut self, epoch: Epoch) {
        self.then.ack(epoch);
    }

    fn done_of_total(&self) -> Option<(u64, u64)> {
        if self.done {
            self.then.done_of_total()
        } else {
            self.history.done_of_total()
        }
    }
}
