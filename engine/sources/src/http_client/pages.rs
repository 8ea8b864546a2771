//! A poll: one request, or as many as there are pages. What has been handed over stays so when a
//! later page fails: the next try goes on with that page.

use std::sync::Arc;

use chrono_tz::Tz;
use zaraba_config::document::{ColumnDoc, HttpClientDoc, NextPage};
use zaraba_core::clock::Clock;
use zaraba_core::error::Result;
use zaraba_core::source::SourceRows;
use zaraba_core::time::{ClockTime, SECOND};
use zaraba_formats::decode::DecodeOptions;
use zaraba_formats::decode::memory::text_at;

use super::ask::{Answer, Asker, Item, Validators};
use crate::decoded::Bodies;
use crate::requests::Captured;
use crate::threaded::{Cause, Failure, Tell};

/// Most pages of one poll.
const PAGES_MAX: usize = 10_000;

/// Keeps requests apart.
pub(super) struct Pace {
    /// Microseconds from request to request, at least.
    pause: i64,
    pub(super) clock: Arc<dyn Clock>,
    last: Option<ClockTime>,
}

impl Pace {
    pub(super) fn new(rate: f64, clock: Arc<dyn Clock>) -> Self {
        Self {
            pause: (SECOND as f64 / rate) as i64,
            clock,
            last: None,
        }
    }

    /// Waits until the next request may be made.
    pub(super) fn wait(&mut self, tell: &Tell) {
        let at = self.last.map(|last| ClockTime(last.0 + self.pause));
        while let Some(at) = at.filter(|at| self.clock.now() < *at && !tell.gone()) {
            std::thread::sleep(self.clock.patience(at));
        }
        self.last = Some(self.clock.now());
    }
}

/// Follows pages.
pub(super) struct Pages {
    pub(super) asker: Asker,
    pub(super) bodies: Bodies,
    next: Option<NextPage>,
    /// What the next request says to get the next page; none: the first.
    cursor: Option<String>,
    /// Those of the poll that is under way.
    fresh: Validators,
}

impl Pages {
    pub(super) fn new(doc: &HttpClientDoc, schema: &[ColumnDoc], zone: Tz) -> Self {
        let options = DecodeOptions {
            sheet: doc.sheet.clone(),
            ..DecodeOptions::new(doc.format, zone)
        };
        Self {
            asker: Asker::new(doc),
            bodies: Bodies::new(schema, options, doc.rows.clone()),
            next: doc.next.clone(),
            cursor: None,
            fresh: Validators::default(),
        }
    }

    /// The next poll begins with the first page; whether one had been read.
    pub(super) fn rewind(&mut self) -> bool {
        self.cursor.take().is_some()
    }

    /// Asks page by page, from the one that is to be asked for.
    pub(super) fn ask(
        &mut self,
        item: &mut Item,
        names: &Captured,
        pace: &mut Pace,
        tell: &Tell,
    ) -> Result<(), Failure> {
        for _ in 0..PAGES_MAX {
            pace.wait(tell);
            let page = self.next.as_ref().zip(self.cursor.as_deref());
            let page = page.map(|(next, cursor)| (next.into.as_str(), cursor));
            let answer = self.asker.ask(item, names, page, pace.clock.now())?;
            let Answer::Body(body, validators) = answer else {
                return Ok(());
            };
            if self.cursor.is_none() {
                self.fresh = validators;
            }
            let read = self.read(&item.name, body);
            let (rows, next) = read.map_err(|e| Failure::by(Cause::Answer, e))?;
            if next.is_some() && next == self.cursor {
                let message = "an answer names itself as the next page";
                return Err(Failure::by(Cause::Asked, item.wrong(message)));
            }
            self.cursor = next;
            tell.rows(rows);
            if self.cursor.is_none() {
                item.validators = std::mem::take(&mut self.fresh);
                return Ok(());
            }
        }
        let message = format!("there are more than {PAGES_MAX} pages");
        Err(Failure::by(Cause::Asked, item.wrong(&message)))
    }

    /// The rows of an answer, and what to say to get the next page, if there is one.
    fn read(&self, name: &str, body: Vec<u8>) -> Result<(Vec<SourceRows>, Option<String>)> {
        let next = match &self.next {
            Some(next) if !body.trim_ascii().is_empty() => text_at(name, &body, &next.from)?,
            _ => None,
        };
        Ok((self.bodies.read(name, body)?, next))
    }
}
