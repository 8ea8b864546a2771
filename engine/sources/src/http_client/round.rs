//! What is done each time that it is due: one poll, or one for each item of `each`, each with the
//! requests around it. An item whose request is refused, or whose answer cannot be read, is a bad
//! row, and the next is asked for. Where outside answers nobody (no connection, a timeout, 429, 5xx,
//! 401 after the requests of `before`), the round waits as any source does and goes on with the same
//! item, once; then with the next.

use std::sync::Arc;

use chrono_tz::Tz;
use zaraba_config::captures::EACH;
use zaraba_config::document::{ColumnDoc, HttpClientDoc};
use zaraba_core::clock::Clock;

use super::ask::Item;
use super::pages::{Pace, Pages};
use crate::requests::{Captured, Requests, hidden, without};
use crate::threaded::{Cause, Failure, Tell, Work};

/// Does it.
pub(super) struct Round {
    before: Requests,
    /// Whether they are to be made before anything else is asked.
    log_in: bool,
    captured: Captured,
    items: Vec<Item>,
    /// The item that is asked for, and whether it has failed once.
    at: usize,
    again: bool,
    pages: Pages,
    after: Requests,
    pace: Pace,
    /// Requests of `after` that failed in this round.
    not_after: Tally,
}

/// Failures of a round, of which the first is told.
#[derive(Default)]
struct Tally {
    count: usize,
    first: String,
}

impl Tally {
    fn add(&mut self, text: String) {
        self.count += 1;
        if self.count == 1 {
            self.first = text;
        }
    }

    /// Tells them, and begins anew.
    fn tell(&mut self) {
        if self.count > 0 {
            let Self { count, first } = std::mem::take(self);
            tracing::warn!("in this round `after` failed {count} times; the first: {first}");
        }
    }
}

impl Round {
    pub(super) fn new(
        doc: &HttpClientDoc,
        schema: &[ColumnDoc],
        zone: Tz,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let pages = Pages::new(doc, schema, zone);
        let items = match &doc.each {
            Some(each) => each.iter().map(|e| pages.asker.item(Some(e))).collect(),
            None => vec![pages.asker.item(None)],
        };
        let requests = |docs| Requests::new(docs, doc.timeout, doc.max_size);
        let before = requests(&doc.before);
        Self {
            log_in: !before.is_empty(),
            before,
            captured: Captured::new(),
            items,
            at: 0,
            again: false,
            pages,
            after: requests(&doc.after),
            pace: Pace::new(doc.rate, clock),
            not_after: Tally::default(),
        }
    }

    /// All items from the one on that is to be asked for.
    fn go_on(&mut self, tell: &Tell) -> Result<(), Failure> {
        while self.at < self.items.len() && !tell.gone() {
            let Err(mut failure) = self.poll(tell) else {
                tell.well();
                self.next();
                continue;
            };
            let Some(each) = &self.items[self.at].each else {
                if matches!(failure.cause, Cause::Denied | Cause::Asked) {
                    failure.again = self.pages.rewind();
                }
                return Err(failure);
            };
            if matches!(failure.cause, Cause::Asked | Cause::Answer) {
                let error = without(&self.captured, &failure.error.to_string());
                let Item { name, asked, .. } = &self.items[self.at];
                let reason = error.strip_prefix(&format!("{asked}: ")).unwrap_or(&error);
                tell.rows(vec![self.pages.bodies.bad(name, reason, each.clone())]);
                self.next();
            } else if self.again {
                self.next();
                return Err(failure);
            } else {
                self.again = true;
                return Err(failure);
            }
        }
        self.at = 0;
        self.not_after.tell();
        Ok(())
    }

    fn next(&mut self) {
        self.at += 1;
        self.again = false;
        self.pages.rewind();
    }

    /// One item, with what is asked after it; how the item itself went.
    fn poll(&mut self, tell: &Tell) -> Result<(), Failure> {
        let mut renewed = false;
        let polled = self.known(&mut renewed, tell, Self::ask);
        let answered = match &polled {
            Ok(()) => true,
            Err(failure) => matches!(failure.cause, Cause::Asked | Cause::Answer),
        };
        if answered && !self.after.is_empty() {
            let done = self.known(&mut renewed, tell, Self::ask_after);
            if let Err(failure) = done {
                let text = failure.error.to_string();
                self.not_after.add(without(&self.captured, &text));
            }
        }
        polled
    }

    /// Does something for which outside must know who asks. Where it does not, the requests of
    /// `before` are made, once in a poll.
    fn known(
        &mut self,
        renewed: &mut bool,
        tell: &Tell,
        work: fn(&mut Self, &Tell) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        loop {
            if self.log_in {
                *renewed = true;
                self.captured.clear();
                let (clock, pace) = (Arc::clone(&self.pace.clock), &mut self.pace);
                let wait = || pace.wait(tell);
                let logged_in = self.before.run(&mut self.captured, &*clock, wait);
                // A login that is refused is no fault of what would have been asked for.
                logged_in.map_err(|failure| Failure {
                    cause: Cause::Denied,
                    ..failure
                })?;
            }
            let done = work(self, tell);
            let denied = |failure: &Failure| failure.cause == Cause::Denied;
            self.log_in = done.as_ref().is_err_and(denied) && !self.before.is_empty();
            if !self.log_in || *renewed {
                return done;
            }
        }
    }

    fn ask(&mut self, tell: &Tell) -> Result<(), Failure> {
        let names = self.names();
        let item = &mut self.items[self.at];
        self.pages.ask(item, &names, &mut self.pace, tell)
    }

    fn ask_after(&mut self, tell: &Tell) -> Result<(), Failure> {
        let mut names = self.names();
        let (clock, pace) = (Arc::clone(&self.pace.clock), &mut self.pace);
        self.after.run(&mut names, &*clock, || pace.wait(tell))
    }

    /// What can be said in braces.
    fn names(&self) -> Captured {
        let mut names = self.captured.clone();
        let each = self.items[self.at].each.clone();
        names.extend(each.map(|each| (EACH.to_owned(), each)));
        names
    }
}

impl Work for Round {
    fn work(&mut self, tell: &Tell) -> Result<(), Failure> {
        let done = self.go_on(tell);
        done.map_err(|failure| hidden(&self.captured, failure))
    }
}
