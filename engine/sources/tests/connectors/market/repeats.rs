//! The same rows, whoever asks and however: for any size of batch, again and again, from any
//! position.

use zaraba_config::document::{CrashDoc, MarketDoc, MarketStream};
use zaraba_core::source::{Polled, Source};
use zaraba_finance::calendar::{Additions, Calendar, Venue};
use zaraba_sources::simulate::market::{MarketSource, check};

use super::{date, doc, source, tokyo};
use crate::common::{NOWHERE, drain, located};

const STREAMS: [MarketStream; 5] = [
    MarketStream::Options,
    MarketStream::Futures,
    MarketStream::Indices,
    MarketStream::OpenInterest,
    MarketStream::Qri,
];

/// Three days over a weekend, with all that can be switched on.
fn busy(stream: MarketStream) -> MarketDoc {
    MarketDoc {
        start: located(date("2025-11-20")),
        days: 3,
        strikes: 12,
        ticks_per_day: Some(3_000),
        crash: Some(CrashDoc {
            at: tokyo("2025-11-20T22:31:00"),
            span: NOWHERE,
            size: -0.08,
        }),
        stalls: true,
        intraday_oi: true,
        disorder: 5_000_000,
        ..doc(stream)
    }
}

fn rows(doc: &MarketDoc, limit: usize) -> Vec<String> {
    drain(&mut source(doc), limit).0
}

#[test]
fn the_seed_alone_decides() {
    for stream in STREAMS {
        let doc = busy(stream);
        let expected = rows(&doc, 8_192);
        assert!(expected.len() > 100, "{stream:?}");
        for limit in [1, 7, 1_000_000] {
            assert!(rows(&doc, limit) == expected, "{stream:?}, limit {limit}");
        }
        let other = MarketDoc { seed: 226, ..doc };
        assert!(rows(&other, 8_192) != expected, "{stream:?}");
    }
}

#[test]
fn goes_on_from_any_position() {
    for stream in STREAMS {
        for disorder in [0, 5_000_000] {
            let doc = MarketDoc {
                disorder,
                ..busy(stream)
            };
            let count = rows(&doc, 8_192).len();
            for part in [0, 1, 30, 52, 75, 99] {
                let mut whole = source(&doc);
                let mut left = count * part / 100;
                while left > 0 {
                    match whole.poll(left.min(333)).unwrap() {
                        Polled::Rows(rows) => left -= rows.rows.num_rows(),
                        other => panic!("{other:?}"),
                    }
                }
                let mut resumed = source(&doc);
                resumed.seek(&whole.position()).unwrap();
                assert_eq!(resumed.position(), whole.position());
                let (rest, expected) = (drain(&mut resumed, 100), drain(&mut whole, 8_192));
                assert!(
                    rest == expected,
                    "{stream:?}, {part} %, disorder {disorder}"
                );
            }
        }
    }
}

#[test]
fn as_many_ticks_as_asked_for() {
    for (stream, asked) in [(MarketStream::Options, 3_000), (MarketStream::Futures, 777)] {
        let doc = MarketDoc {
            ticks_per_day: Some(asked),
            ..busy(stream)
        };
        assert_eq!(rows(&doc, 500).len() as u64, asked * 3);
        assert_eq!(source(&doc).done_of_total(), Some((0, asked * 3)));
    }
}

/// What users add to the calendar holds here too.
#[test]
fn a_holiday_of_ones_own_is_no_trading_day() {
    let doc = doc(MarketStream::Options);
    let calendar = Calendar::built_in().with(&Additions {
        closed: vec![(Venue::OseOption, date("2025-11-18"))],
        ..Additions::default()
    });
    assert_eq!(check(&doc, &Calendar::built_in()), None);
    let mistake = check(&doc, &calendar).unwrap();
    assert_eq!(mistake.help.unwrap(), "the next one is 2025-11-19");
    assert!(MarketSource::new(&doc, &calendar).is_err());
}
