//! The thread that asks: one poll is one request, or as many as there are pages. What has been
//! handed over stays so when a later page fails: the next try goes on with that page.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use chrono_tz::Tz;
use zaraba_config::document::{ColumnDoc, HttpClientDoc, NextPage};
use zaraba_core::clock::Clock;
use zaraba_core::error::{Error, Result};
use zaraba_core::source::{SourceRows, Wake};
use zaraba_core::time::{ClockTime, SECOND};

use super::ask::{Answer, Asker, Validators};
use super::page::Pages;

/// Answers that wait until the pipeline takes their rows.
const QUEUE: usize = 2;

/// Most pages of one poll.
const PAGES_MAX: usize = 10_000;

/// Why a poll failed.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error: Error,
    /// The server wants to be left alone until then.
    pub(super) not_before: Option<ClockTime>,
    /// Asking for the same page again will not help.
    pub(super) afresh: bool,
}

impl Failure {
    pub(super) fn of(error: Error) -> Self {
        Self {
            error,
            not_before: None,
            afresh: false,
        }
    }
}

/// What the thread tells the source.
#[derive(Debug)]
pub(super) enum Told {
    /// The rows of an answer.
    Rows(Vec<SourceRows>),
    /// A poll is over.
    Done,
    /// A poll has failed.
    Failed(Failure),
}

/// Asks when told to.
pub(super) struct Worker {
    asker: Asker,
    pages: Pages,
    next: Option<NextPage>,
    /// Microseconds from request to request, at least.
    pause: i64,
    clock: Arc<dyn Clock>,
    wake: Wake,
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
        wake: Wake,
    ) -> Self {
        Self {
            asker: Asker::new(doc),
            pages: Pages::new(doc, schema, zone),
            next: doc.next.clone(),
            pause: (SECOND as f64 / doc.rate) as i64,
            clock,
            wake,
            last: None,
            cursor: None,
            validators: Validators::default(),
            fresh: Validators::default(),
        }
    }

    /// Runs it on a thread of its own until the source is gone.
    pub(super) fn start(mut self) -> Result<(SyncSender<()>, Receiver<Told>)> {
        let (go, waits) = sync_channel::<()>(1);
        let (tell, told) = sync_channel(QUEUE);
        let run = move || {
            while waits.recv().is_ok() {
                let end = match self.poll(&tell) {
                    Ok(()) => Told::Done,
                    Err(failure) => Told::Failed(failure),
                };
                if tell.send(end).is_err() {
                    return;
                }
                self.wake.wake();
            }
        };
        let thread = std::thread::Builder::new().name("http_client".to_owned());
        let started = thread.spawn(run);
        started.map_err(|e| Error::outside(format!("no thread to ask from: {e}")))?;
        Ok((go, told))
    }

    fn poll(&mut self, tell: &SyncSender<Told>) -> Result<(), Failure> {
        let polled = self.ask_pages(tell);
        if polled.as_ref().is_err_and(|failure| failure.afresh) {
            self.cursor = None;
        }
        polled
    }

    fn ask_pages(&mut self, tell: &SyncSender<Told>) -> Result<(), Failure> {
        for _ in 0..PAGES_MAX {
            self.wait();
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
            let (rows, next) = self.pages.read(body).map_err(Failure::of)?;
            if next.is_some() && next == self.cursor {
                let message = "an answer names itself as the next page";
                return Err(Failure {
                    afresh: true,
                    ..Failure::of(self.asker.wrong(message))
                });
            }
            self.cursor = next;
            if !rows.is_empty() && tell.send(Told::Rows(rows)).is_ok() {
                self.wake.wake();
            }
            if self.cursor.is_none() {
                self.validators = std::mem::take(&mut self.fresh);
                return Ok(());
            }
        }
        let message = format!("there are more than {PAGES_MAX} pages");
        Err(Failure {
            afresh: true,
            ..Failure::of(self.asker.wrong(&message))
        })
    }

    /// Waits until the next request may be made.
    fn wait(&mut self) {
        let at = self.last.map(|last| ClockTime(last.0 + self.pause));
        while let Some(at) = at.filter(|at| self.clock.now() < *at) {
            std::thread::sleep(self.clock.patience(at));
        }
        self.last = Some(self.clock.now());
    }
}
