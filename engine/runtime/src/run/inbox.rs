//! Messages that a node has received and not handled yet, one queue an input. When a node falls
//! behind a source of many small batches, those of one input grow together here, and so do the
//! watermarks behind them: no row is older than a watermark before it, so nothing can tell.

use std::collections::VecDeque;

use zaraba_core::batch::Batch;
use zaraba_core::error::{Error, Result};
use zaraba_core::message::Message;
use zaraba_core::operator::Port;
use zaraba_core::time::EventTime;

/// Batches grow together up to so many rows.
const MERGED_ROWS: usize = 1024;

/// One entry of a queue.
#[derive(Debug)]
enum Waiting {
    /// Batches that are handled as one.
    Rows(Vec<Batch>, usize),
    Watermark(EventTime),
    /// A barrier or the end.
    Control(Message),
}

/// One input.
#[derive(Debug)]
struct Queue {
    waiting: VecDeque<Waiting>,
    /// The last watermark received.
    reached: EventTime,
    /// It has delivered the barrier that others have not: what is behind it waits.
    blocked: bool,
}

/// The queues of a node.
#[derive(Debug)]
pub(crate) struct Inbox {
    queues: Vec<Queue>,
    /// The input served last: they take turns.
    last: usize,
    /// Rows that wait.
    rows: usize,
}

impl Inbox {
    /// No messages, on so many inputs.
    pub(crate) fn new(inputs: usize) -> Self {
        let queue = || Queue {
            waiting: VecDeque::new(),
            reached: EventTime::MIN,
            blocked: false,
        };
        Self {
            queues: std::iter::repeat_with(queue).take(inputs).collect(),
            last: 0,
            rows: 0,
        }
    }

    /// Takes a message in.
    ///
    /// # Errors
    /// When a row is older than the watermark before it: whoever sent it would have lost it.
    pub(crate) fn push(&mut self, port: Port, message: Message) -> Result<()> {
        let queue = &mut self.queues[port.0];
        match message {
            Message::Rows(batch) => {
                queue.check(&batch)?;
                self.rows += batch.len();
                queue.rows(batch);
            }
            Message::Watermark(watermark) => {
                queue.reached = watermark;
                if let Some(Waiting::Watermark(last)) = queue.waiting.back_mut() {
                    *last = watermark;
                } else {
                    queue.waiting.push_back(Waiting::Watermark(watermark));
                }
            }
            control => queue.waiting.push_back(Waiting::Control(control)),
        }
        Ok(())
    }

    /// The next message, of the inputs in turn.
    ///
    /// # Errors
    /// When batches of one input have different columns.
    pub(crate) fn pop(&mut self) -> Result<Option<(Port, Message)>> {
        let n = self.queues.len();
        let turns = (1..=n).map(|step| (self.last + step) % n);
        let Some(next) = turns.into_iter().find(|i| self.queues[*i].ready()) else {
            return Ok(None);
        };
        self.last = next;
        let Some(waiting) = self.queues[next].waiting.pop_front() else {
            return Ok(None);
        };
        let message = match waiting {
            Waiting::Rows(batches, rows) => {
                self.rows -= rows;
                Message::Rows(Batch::concat(&batches[0].rows.schema(), &batches)?)
            }
            Waiting::Watermark(watermark) => Message::Watermark(watermark),
            Waiting::Control(message) => message,
        };
        Ok(Some((Port(next), message)))
    }

    /// Puts a barrier or an end back: it is handled again, next of its input.
    pub(crate) fn put_back(&mut self, port: Port, message: Message) {
        let waiting = &mut self.queues[port.0].waiting;
        waiting.push_front(Waiting::Control(message));
    }

    /// Whether there is a message that may be handled now.
    pub(crate) fn ready(&self) -> bool {
        self.queues.iter().any(Queue::ready)
    }

    /// Keeps back what comes behind a barrier on this input.
    pub(crate) fn block(&mut self, port: Port) {
        self.queues[port.0].blocked = true;
    }

    /// Whether this input is blocked.
    pub(crate) fn blocked(&self, port: Port) -> bool {
        self.queues[port.0].blocked
    }

    /// Lets all inputs go on.
    pub(crate) fn unblock(&mut self) {
        for queue in &mut self.queues {
            queue.blocked = false;
        }
    }

    /// Rows that wait.
    pub(crate) const fn len(&self) -> usize {
        self.rows
    }

    /// Bytes of the rows that wait.
    pub(crate) fn bytes(&self) -> usize {
        let waiting = self.queues.iter().flat_map(|q| &q.waiting);
        let batches = waiting.filter_map(|w| match w {
            Waiting::Rows(batches, _) => Some(batches),
            _ => None,
        });
        batches.flatten().map(Batch::bytes).sum()
    }
}

impl Queue {
    fn ready(&self) -> bool {
        !self.blocked && !self.waiting.is_empty()
    }

    fn check(&self, batch: &Batch) -> Result<()> {
        let oldest = batch.time.iter().copied().min().unwrap_or(i64::MAX);
        if oldest < self.reached.0 {
            return Err(Error::internal(format!(
                "a row of {} came behind the watermark {}",
                EventTime(oldest),
                self.reached
            )));
        }
        Ok(())
    }

    /// Behind the last rows where only a watermark stands between, and they are few.
    fn rows(&mut self, batch: Batch) {
        let back = match self.waiting.back() {
            Some(Waiting::Watermark(_)) => 2,
            _ => 1,
        };
        let last = self.waiting.len().checked_sub(back);
        if let Some(Waiting::Rows(batches, rows)) = last.and_then(|i| self.waiting.get_mut(i))
            && *rows + batch.len() <= MERGED_ROWS
        {
            *rows += batch.len();
            batches.push(batch);
        } else {
            let rows = batch.len();
            self.waiting.push_back(Waiting::Rows(vec![batch], rows));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int64Array, RecordBatch};
    use arrow::buffer::ScalarBuffer;
    use zaraba_core::time::Epoch;

    use super::*;

    fn row(time: i64) -> Message {
        let rows = RecordBatch::try_from_iter([(
            "v",
            Arc::new(Int64Array::from(vec![time])) as arrow::array::ArrayRef,
        )]);
        let time = ScalarBuffer::from(vec![time]);
        Message::Rows(Batch::new(rows.unwrap(), time, ScalarBuffer::from(vec![0])).unwrap())
    }

    fn shown(inbox: &mut Inbox) -> Vec<String> {
        let mut all = Vec::new();
        while let Some((port, message)) = inbox.pop().unwrap() {
            all.push(match message {
                Message::Rows(batch) => format!("{} rows {:?}", port.0, &batch.time[..]),
                Message::Watermark(watermark) => format!("{} watermark {}", port.0, watermark.0),
                Message::Barrier(epoch) => {
                    inbox.block(port);
                    format!("{} barrier {}", port.0, epoch.0)
                }
                Message::End | Message::Stop => format!("{} end", port.0),
            });
        }
        all
    }

    #[test]
    fn small_batches_grow_together_and_control_keeps_its_place() {
        let mut inbox = Inbox::new(2);
        for message in [
            row(1),
            Message::Watermark(EventTime(1)),
            row(2),
            row(3),
            Message::Watermark(EventTime(2)),
            Message::Barrier(Epoch(7)),
            row(4),
            Message::End,
        ] {
            inbox.push(Port(0), message).unwrap();
        }
        inbox.push(Port(1), row(9)).unwrap();
        assert_eq!(inbox.len(), 5);
        let before = [
            "1 rows [9]",
            "0 rows [1, 2, 3]",
            "0 watermark 2",
            "0 barrier 7",
        ];
        assert_eq!(shown(&mut inbox), before);
        assert!(!inbox.ready() && inbox.blocked(Port(0)) && inbox.len() == 1);
        inbox.unblock();
        assert_eq!(shown(&mut inbox), ["0 rows [4]", "0 end"]);
    }

    #[test]
    fn many_rows_do_not_grow_together_without_end() {
        let mut inbox = Inbox::new(1);
        for i in 0..2 * MERGED_ROWS as i64 + 1 {
            inbox.push(Port(0), row(i)).unwrap();
            inbox
                .push(Port(0), Message::Watermark(EventTime(i)))
                .unwrap();
        }
        let sizes = shown(&mut inbox).len();
        assert_eq!(sizes, 6, "three batches, a watermark behind each");
    }

    #[test]
    fn a_row_older_than_its_watermark_stops_the_run() {
        let mut inbox = Inbox::new(1);
        inbox
            .push(Port(0), Message::Watermark(EventTime(5)))
            .unwrap();
        inbox.push(Port(0), row(5)).unwrap();
        let error = inbox.push(Port(0), row(4)).unwrap_err().to_string();
        assert!(error.contains("behind the watermark"), "{error}");
    }
}
