//! Rows that are there already, as a source: what `zaraba test` and tests of the engine feed.

use std::collections::VecDeque;

use arrow::array::RecordBatch;
use zaraba_core::error::Result;
use zaraba_core::source::{Polled, Position, Source, SourceRows};

/// Rows of one or several partitions, handed over in the order given.
pub struct MemorySource {
    rows: VecDeque<(u16, RecordBatch)>,
    partitions: u16,
    handed: Vec<u64>,
    /// Rows of each partition not handed over yet.
    left: Vec<usize>,
    ended: Vec<bool>,
}

impl MemorySource {
    /// Rows, each batch of one partition.
    #[must_use]
    pub fn new(rows: Vec<(u16, RecordBatch)>, partitions: u16) -> Self {
        let mut left = vec![0; usize::from(partitions)];
        for (partition, batch) in &rows {
            left[usize::from(*partition)] += batch.num_rows();
        }
        let n = usize::from(partitions);
        Self {
            rows: rows.into(),
            partitions,
            handed: vec![0; n],
            left,
            ended: vec![false; n],
        }
    }
}

impl Source for MemorySource {
    fn poll(&mut self, limit: usize) -> Result<Polled> {
        if let Some(p) = (0..self.left.len()).find(|p| self.left[*p] == 0 && !self.ended[*p])
            && self.partitions > 1
        {
            self.ended[p] = true;
            return Ok(Polled::PartitionEnd(u16::try_from(p).unwrap_or(u16::MAX)));
        }
        let Some((partition, batch)) = self.rows.pop_front() else {
            return Ok(Polled::End);
        };
        let n = batch.num_rows().min(limit.max(1));
        if n < batch.num_rows() {
            self.rows
                .push_front((partition, batch.slice(n, batch.num_rows() - n)));
        }
        self.handed[usize::from(partition)] += n as u64;
        self.left[usize::from(partition)] -= n;
        Ok(Polled::Rows(SourceRows {
            rows: batch.slice(0, n),
            partition,
            bad: Vec::new(),
        }))
    }

    fn partitions(&self) -> u16 {
        self.partitions
    }

    fn replayable(&self) -> bool {
        true
    }

    fn live(&self) -> bool {
        false
    }

    fn position(&self) -> Position {
        let own = self.ended.iter().map(|e| i64::from(*e)).collect();
        Position {
            rows: self.handed.clone(),
            own,
        }
    }

    fn seek(&mut self, position: &Position) -> Result<()> {
        let mut skip = position.rows.clone();
        let mut rest = VecDeque::new();
        for (partition, batch) in std::mem::take(&mut self.rows) {
            let p = usize::from(partition);
            let n = usize::try_from(skip[p])
                .unwrap_or(usize::MAX)
                .min(batch.num_rows());
            skip[p] -= n as u64;
            self.left[p] -= n;
            if n < batch.num_rows() {
                rest.push_back((partition, batch.slice(n, batch.num_rows() - n)));
            }
        }
        self.rows = rest;
        self.handed.clone_from(&position.rows);
        self.ended = position.own.iter().map(|e| *e != 0).collect();
        Ok(())
    }
}
