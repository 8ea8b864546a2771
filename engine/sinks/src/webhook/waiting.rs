//! Rows that wait to be sent, between the pipeline's thread, which never waits, and the thread that
//! sends. Which rows are next is decided here, by the clock alone.

use std::collections::VecDeque;

use zaraba_config::document::DigestDoc;
use zaraba_core::time::ClockTime;

use crate::webhook::quiet::Quiet;
use crate::webhook::row::Item;

/// Rows that wait, and those that are being sent.
#[derive(Default)]
pub(super) struct Waiting {
    pub(super) rows: VecDeque<Item>,
    /// Taken, and not yet known to be sent.
    pub(super) flying: Vec<Item>,
    /// Nothing more comes.
    pub(super) closing: bool,
    /// Nobody waits for the sender any more: what it had is a dead letter already.
    pub(super) abandoned: bool,
    /// The sender has ended.
    pub(super) done: bool,
    /// There was no room for the last row.
    pub(super) full: bool,
}

/// What is to be done next.
pub(super) enum Next {
    /// Send the rows that are flying now.
    Send,
    /// These will not be sent: the run ends in quiet hours.
    Sleep(Vec<Item>),
    /// Nothing yet; at the latest at this time.
    Wait(Option<ClockTime>),
    /// Nothing, ever.
    End,
}

/// When rows are sent.
pub(super) struct Rules {
    pub(super) digest: Option<DigestDoc>,
    pub(super) quiet: Option<Quiet>,
}

impl Waiting {
    /// What is next.
    pub(super) fn next(&mut self, rules: &Rules, now: ClockTime) -> Next {
        let most = rules.digest.map_or(1, |digest| digest.max);
        let quiet = rules.quiet.and_then(|quiet| quiet.until(now));
        if let Some(until) = quiet {
            let (urgent, others): (Vec<_>, Vec<_>) =
                self.rows.drain(..).partition(|row| row.urgent);
            let mut urgent = urgent.into_iter();
            self.flying = urgent.by_ref().take(most).collect();
            if self.flying.is_empty() && self.closing {
                return if others.is_empty() {
                    Next::End
                } else {
                    Next::Sleep(others)
                };
            }
            self.rows = urgent.chain(others).collect();
            return if self.flying.is_empty() {
                Next::Wait(Some(until))
            } else {
                Next::Send
            };
        }
        let Some(first) = self.rows.front() else {
            return if self.closing {
                Next::End
            } else {
                Next::Wait(None)
            };
        };
        if let Some(every) = rules.digest.and_then(|digest| digest.every) {
            let due = ClockTime(first.arrived.0.saturating_add(every));
            if self.rows.len() < most && now < due && !self.closing {
                return Next::Wait(Some(due));
            }
        }
        let n = self.rows.len().min(most);
        self.flying = self.rows.drain(..n).collect();
        Next::Send
    }
}
