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

use super::ask::{Answer, Asker, Validators};
use crate::decoded::Bodies;
use crate::http::shown;
use crate::threaded::{Failure, Tell, Work};

/// Most pages of one poll.
const PAGES_MAX: usize = 10_000;

/// Asks when told to.
pub(super) struct Worker {
    asker: Asker,
    /// What messages call an answer.
    name: String,
    bodies: Bodies,
    next: Option<NextPage>,
    /// Microseconds from request to request, at least.
    pause: i64,
    clock: Arc<dyn Clock>,
    last: Option<ClockTime>,
    /// What the next request says to get the next page; none: the first.
    cursor: Option<String>,
    /// Those of the last poll that came to its end, and of the one that is under way.
    validators: Validators,
    fresh: Validators,
}

impl Worker {
    pub(super) fn new(
        doc: &HttpClientDoc,
        schema: &[ColumnDoc],
        zone: Tz,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let options = DecodeOptions {
            sheet: doc.sheet.clone(),
            ..DecodeOptions::new(doc.format, zone)
        };
        Self {
            asker: Asker::new(doc),
            name: shown(&doc.url.value).to_owned(),
            bodies: Bodies::new(schema, options, doc.rows.clone()),
            next: doc.next.clone(),
            pause: (SECOND as f64 / doc.rate) as i64,
            clock,
            last: None,
            cursor: None,
            validators: Validators::default(),
            fresh: Validators::default(),
        }
    }

    fn ask_pages(&mut self, tell: &Tell) -> Result<(), Failure> {
        for _ in 0..PAGES_MAX {
            self.wait(tell);
            let first = self.cursor.is_none();
            let known = first.then_some(&self.validators);
            let page = self.next.as_ref().zip(self.cursor.as_deref());
            let page = page.map(|(next, cursor)| (next.into.as_str(), cursor));
            let (body, validators) = match self.asker.ask(page, known, self.clock.now())? {
                Answer::Unchanged => return Ok(()),
                Answer::Body(body, validators) => (body, validators),
            };
            if first {
                self.fresh = validators;
            }
            let (rows, next) = self.read(body).map_err(Failure::of)?;
            if next.is_some() && next == self.cursor {
                let message = "an answer names itself as the next page";
                return Err(Failure::afresh(self.asker.wrong(message)));
            }
            self.cursor = next;
            tell.rows(rows);
            if self.cursor.is_none() {
                self.validators = std::mem::take(&mut self.fresh);
                return Ok(());
            }
        }
        let message = format!("there are more than {PAGES_MAX} pages");
        Err(Failure::afresh(self.asker.wrong(&message)))
    }

    /// The rows of an answer, and what to say to get the next page, if there is one.
    fn read(&self, body: Vec<u8>) -> Result<(Vec<SourceRows>, Option<String>)> {
        let next = match &self.next {
            Some(next) if !body.trim_ascii().is_empty() => text_at(&self.name, &body, &next.from)?,
            _ => None,
        };
        Ok((self.bodies.read(&self.name, body)?, next))
    }

    /// Waits until the next request may be made.
    fn wait(&mut self, tell: &Tell) {
        let at = self.last.map(|last| ClockTime(last.0 + self.pause));
        while let Some(at) = at.filter(|at| self.clock.now() < *at && !tell.gone()) {
            std::thread::sleep(self.clock.patience(at));
        }
        self.last = Some(self.clock.now());
    }
}

impl Work for Worker {
    fn work(&mut self, tell: &Tell) -> Result<(), Failure> {
        let polled = self.ask_pages(tell);
        if polled.as_ref().is_err_and(|failure| failure.afresh) {
            self.cursor = None;
        }
        polled
    }
}
