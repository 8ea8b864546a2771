//! The thread that sends: one request at a time, in the order of the rows, each tried again until
//! it is taken or given up.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use zaraba_core::clock::Clock;
use zaraba_core::meter::Meter;
use zaraba_core::time::{ClockTime, SECOND};

use crate::webhook::dead::DeadLetters;
use crate::webhook::request::{Requester, Sent};
use crate::webhook::row::Item;
use crate::webhook::template::Templates;
use crate::webhook::waiting::{Next, Rules, Waiting};

/// The first wait before a request is tried again, and the longest.
const BACKOFF: (i64, i64) = (SECOND, 60 * SECOND);
/// How long a thread sleeps at most where nothing says for how long.
const SLEEP: Duration = Duration::from_secs(60);

/// What the pipeline's thread and the sender share.
#[derive(Default)]
pub(super) struct Post {
    waiting: Mutex<Waiting>,
    bell: Condvar,
}

impl Post {
    pub(super) fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something has changed.
    pub(super) fn ring(&self) {
        self.bell.notify_all();
    }

    fn sleep<'a>(
        &'a self,
        waiting: MutexGuard<'a, Waiting>,
        limit: Duration,
    ) -> MutexGuard<'a, Waiting> {
        let slept = self.bell.wait_timeout(waiting, limit);
        slept.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Waits, at most so long, until the sender has ended.
    pub(super) fn wait_for_end(&self, limit: Duration) -> MutexGuard<'_, Waiting> {
        let waited = self
            .bell
            .wait_timeout_while(self.waiting(), limit, |w| !w.done);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// Sends.
pub(super) struct Sender {
    pub(super) post: Arc<Post>,
    pub(super) templates: Templates,
    pub(super) requester: Requester,
    pub(super) rules: Rules,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) dead: Arc<DeadLetters>,
    pub(super) retries: u32,
    /// Microseconds from request to request, at least.
    pub(super) pause: i64,
    /// When the next request may be made.
    pub(super) next: ClockTime,
}

/// Tells that the sender has ended, also when it panics.
struct End(Arc<Post>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.waiting().done = true;
        self.0.ring();
    }
}

impl Sender {
    /// Runs until the sink is closed and everything is sent or given up.
    pub(super) fn run(mut self) {
        let _end = End(Arc::clone(&self.post));
        let post = Arc::clone(&self.post);
        loop {
            let mut waiting = post.waiting();
            if waiting.abandoned {
                return;
            }
            match waiting.next(&self.rules, self.clock.now()) {
                Next::End => return,
                Next::Sleep(rows) => {
                    self.dead.bury(&rows, "the run ended in quiet hours", false);
                }
                Next::Wait(until) => {
                    let limit = until.map_or(SLEEP, |until| self.clock.patience(until));
                    drop(post.sleep(waiting, limit));
                }
                Next::Send => {
                    let rows = waiting.flying.clone();
                    drop(waiting);
                    self.send(rows);
                }
            }
        }
    }

    /// Sends rows, in as many requests as their texts need.
    fn send(&mut self, rows: Vec<Item>) {
        let Some(texts) = self.said(rows) else { return };
        let mut texts = texts.as_slice();
        while !texts.is_empty() {
            let (first, rest) = texts.split_at(fitting(texts, self.templates.text_max));
            texts = rest;
            let rows: Vec<_> = first.iter().map(|(row, _)| &row.values).collect();
            let lines: Vec<&str> = first.iter().map(|(_, text)| text.as_str()).collect();
            let body = self.templates.body(&rows, &lines);
            match body.and_then(|body| self.deliver(&body)) {
                Ok(true) => drop(self.landed(first.len())),
                Ok(false) => return,
                Err(reason) => self.give_up(first.len(), &reason),
            }
        }
    }

    /// Rows in words, without those that no words are found for; none when nobody waits any more.
    fn said(&self, rows: Vec<Item>) -> Option<Vec<(Item, String)>> {
        let (mut texts, mut wrong) = (Vec::new(), Vec::new());
        for row in rows {
            match self.templates.text(&row.values) {
                Ok(text) => texts.push((row, shortened(text, self.templates.text_max))),
                Err(reason) => wrong.push((row, reason)),
            }
        }
        let mut waiting = self.post.waiting();
        if waiting.abandoned {
            return None;
        }
        waiting.flying = texts.iter().map(|(row, _)| row.clone()).collect();
        for (row, reason) in wrong {
            self.dead.bury(&[row], &reason, false);
        }
        Some(texts)
    }

    /// Sends a request until it is taken: false when nobody waits for it any more.
    fn deliver(&mut self, body: &str) -> Result<bool, String> {
        let mut tries = 0;
        loop {
            if !self.wait(self.next) {
                return Ok(false);
            }
            let now = self.clock.now();
            self.next = ClockTime(now.0.saturating_add(self.pause));
            let (reason, not_before) = match self.requester.send(body, now) {
                Sent::Yes => return Ok(true),
                Sent::Never(reason) => return Err(reason),
                Sent::NotYet(reason, not_before) => (reason, not_before),
            };
            Meter::add(&self.dead.meter.failures, 1);
            if tries == self.retries {
                return Err(format!("{reason}, after {} tries", tries + 1));
            }
            let wait = BACKOFF.0 << tries.min(6);
            tries += 1;
            let now = self.clock.now();
            let at = not_before.unwrap_or(ClockTime(now.0.saturating_add(wait.min(BACKOFF.1))));
            self.next = self.next.max(at);
            let seconds = (self.next.0 - now.0) as f64 / SECOND as f64;
            let (sink, reason) = (&self.dead.sink, self.dead.shown(&reason));
            tracing::warn!(%sink, "{reason}; sent again in {seconds:.1} s");
        }
    }

    /// Waits for a time; false when nobody waits for the sender any more.
    fn wait(&self, until: ClockTime) -> bool {
        let mut waiting = self.post.waiting();
        while !waiting.abandoned {
            if self.clock.now() >= until {
                return true;
            }
            waiting = self.post.sleep(waiting, self.clock.patience(until));
        }
        false
    }

    /// Takes the first so many of the rows that are flying out; none if whoever closed the sink has
    /// them.
    fn landed(&self, n: usize) -> Vec<Item> {
        let mut waiting = self.post.waiting();
        let n = n.min(waiting.flying.len());
        waiting.flying.drain(..n).collect()
    }

    /// The lock is held until they are written down, so that the end of the run does not come
    /// between.
    fn give_up(&self, n: usize, reason: &str) {
        let mut waiting = self.post.waiting();
        let n = n.min(waiting.flying.len());
        let items: Vec<Item> = waiting.flying.drain(..n).collect();
        self.dead.bury(&items, reason, false);
    }
}

/// Units that services count a text in.
fn length(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// How many of the texts, each on a line, are one text of at most `max`; one at least.
fn fitting(texts: &[(Item, String)], max: usize) -> usize {
    let mut total = 0;
    let fits = |(_, text): &&(Item, String)| {
        total += length(text) + 1;
        total <= max + 1
    };
    texts.iter().take_while(fits).count().max(1)
}

/// A text of at most `max`.
fn shortened(text: String, max: usize) -> String {
    if length(&text) <= max {
        return text;
    }
    let mut left = max - 1;
    let fits = |c: &char| {
        let fits = c.len_utf16() <= left;
        left = left.saturating_sub(c.len_utf16());
        fits
    };
    let mut short: String = text.chars().take_while(fits).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts() {
        for (text, max, expected) in [
            ("abcd", 4, "abcd"),
            ("abcde", 4, "abc…"),
            ("a𠮷b", 4, "a𠮷b"),
            ("𠮷𠮷𠮷", 4, "𠮷…"),
        ] {
            let short = shortened(text.to_owned(), max);
            assert_eq!(short, expected);
            assert!(length(&short) <= max);
        }
    }
}
