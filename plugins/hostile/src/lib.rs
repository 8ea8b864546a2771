//! What a rule may do to its host, by parameter. Not a rule for anyone: the engine's tests load it and
//! see that each is contained. Between its misdeeds it behaves: an alert a row, and a count in its
//! state.

#![allow(
    unconditional_recursion,
    clippy::panic,
    clippy::empty_loop,
    reason = "misdeeds are its business"
)]

mod stdout;

use std::mem::ManuallyDrop;

use zaraba_sdk::alert::{Alerts, Severity, Value};
use zaraba_sdk::input::{Input, Timestamp};
use zaraba_sdk::log;
use zaraba_sdk::manifest::{DataType, Manifest};
use zaraba_sdk::rule::Rule;
use zaraba_sdk::state::Keyed;
use zaraba_sdk::tables;
use zaraba_sdk::text::Text;
use zaraba_sdk::{Params, Row};

#[derive(Row)]
struct Number {
    /// What is done, where the misdeed depends on a row.
    n: i64,
}

/// A row of the table that it may look into, by the number.
#[derive(Row)]
struct Note<'a> {
    /// Says which row it is.
    note: Option<Text<'a>>,
}

/// What to do.
#[derive(Debug, Params)]
pub struct Misdeed {
    /// One of those in `act`; or `look`, which is none: it looks into its table at each row.
    #[param(default = "none")]
    what: String,
    /// On a row with this number only; in every call, if left out.
    at: Option<i64>,
}

/// The plugin.
#[derive(Debug)]
pub struct Hostile {
    misdeed: Misdeed,
    /// Rows seen by this instance: what must not matter.
    seen: i64,
}

const COUNT: Keyed<i64> = Keyed::new("count");

fn deeper(n: u64) -> u64 {
    std::hint::black_box(1 + deeper(std::hint::black_box(n + 1)))
}

/// Answers that no rule may give.
fn answer(what: &str, alerts: &mut Alerts) {
    match what {
        "many alerts" => {
            for _ in 0..10_001 {
                alerts.open(0, Severity::Info, "many").field(1i64);
            }
        }
        "big alerts" => {
            let long = "x".repeat(1 << 20);
            for _ in 0..9 {
                alerts
                    .open(0, Severity::Info, "big")
                    .message(&long)
                    .field(1i64);
            }
        }
        "one text" => {
            // The same megabyte nine thousand times: nine gigabytes for who copies them.
            let mut long = ManuallyDrop::new("x".repeat(1 << 20));
            let (start, length) = (long.as_mut_ptr(), long.len());
            for _ in 0..9_000 {
                #[allow(unsafe_code, reason = "no harmless program hands a text over twice")]
                let again = unsafe { String::from_raw_parts(start, length, length) };
                let draft = alerts.open(0, Severity::Info, "one");
                draft.message(again).field(1i64);
            }
        }
        "wrong type" => {
            alerts.open(0, Severity::Info, "wrong").field("text");
        }
        "wrong number" => {
            alerts
                .open(0, Severity::Info, "wrong")
                .field(1i64)
                .field(2i64);
        }
        "wrong row" => {
            alerts.open(1_000_000, Severity::Info, "wrong").field(1i64);
        }
        _ => {}
    }
}

impl Hostile {
    fn act(&self, at: Timestamp, alerts: &mut Alerts) -> Result<(), String> {
        match self.misdeed.what.as_str() {
            "loop" => loop {
                std::hint::spin_loop();
            },
            "memory" => {
                // Not touched: filling it would cost fuel, and that would run out first.
                let mut hoard: Vec<Vec<u8>> = Vec::new();
                loop {
                    hoard.push(std::hint::black_box(Vec::with_capacity(1 << 20)));
                }
            }
            "recursion" => {
                deeper(0);
            }
            "trap" => panic!("on purpose"),
            "error" => return Err("it has had enough".into()),
            "log" => {
                for _ in 0..1024 {
                    log::info(&"y".repeat(1023));
                }
            }
            "stdout" => stdout::forever(),
            "log control" => log::info("one\nline \x1b[2J only"),
            "state" => {
                let hoard: Keyed<Vec<u8>> = Keyed::new("hoard");
                for i in 0..1_000_000 {
                    hoard.set(&i.to_string(), &vec![0; 1024]);
                }
            }
            "state then trap" => {
                COUNT.set("count", &1_000_000);
                panic!("after a write");
            }
            "scan" => {
                let hoard: Keyed<i64> = Keyed::new("");
                loop {
                    std::hint::black_box(hoard.scan("", at));
                }
            }
            "another time" => {
                std::hint::black_box(COUNT.get("count", at.plus(3_600_000_000)));
            }
            what => answer(what, alerts),
        }
        Ok(())
    }
}

impl Hostile {
    /// What the table has for a row, and all that it has then.
    fn looked(&self, n: i64, at: Timestamp) -> String {
        if self.misdeed.what != "look" {
            return String::new();
        }
        let note = |values: Vec<Value>| match values.as_slice() {
            [Value::Text(note)] => note.clone(),
            _ => "?".to_owned(),
        };
        let own = tables::lookup(0, &[Value::Int64(n)], at).map(note);
        let all = tables::scan(0, &[], at);
        let all: Vec<String> = all
            .rows::<Note>()
            .map(|note| note.note.map_or("?", Text::as_str).to_owned())
            .collect();
        format!("{} of [{}]", own.unwrap_or_default(), all.join(" "))
    }
}

impl Rule for Hostile {
    type Params = Misdeed;

    fn manifest() -> Manifest {
        Manifest::new("hostile", "0.1.0", "Harms its host, if it can")
            .reads::<Number>("numbers")
            .looks_into::<Number, Note>("notes", true)
            .adds("total", DataType::Int64, "Rows counted so far")
            .every(60_000_000)
    }

    fn new(misdeed: Misdeed) -> Self {
        Self { misdeed, seen: 0 }
    }

    fn evaluate(&mut self, input: &Input, alerts: &mut Alerts) -> Result<(), String> {
        for row in input.rows::<Number>() {
            self.seen += 1;
            let first = row.index == 0;
            if self.misdeed.at.map_or(first, |at| at == row.n) {
                self.act(row.time, alerts)?;
            }
            let total = match self.misdeed.what.as_str() {
                "remember" => self.seen,
                _ => COUNT.get("count", row.time).unwrap_or(0) + 1,
            };
            COUNT.set("count", &total);
            alerts
                .open(row.index, Severity::Info, "row")
                .key((row.n % 3).to_string())
                .message(self.looked(row.n, row.time))
                .field(total);
        }
        Ok(())
    }

    fn tick(&mut self, at: Timestamp, alerts: &mut Alerts) -> Result<(), String> {
        let total = COUNT.get("count", at).unwrap_or(0);
        alerts.open(0, Severity::Info, "tick").field(total);
        Ok(())
    }
}

zaraba_sdk::export!(Hostile);
