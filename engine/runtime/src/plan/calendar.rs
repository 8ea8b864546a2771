//! The exchange calendar of a pipeline: what is built in, and what `[calendar]` adds.

use zaraba_config::document::CalendarDoc;
use zaraba_core::diagnostic::{Diagnostic, Diagnostics};
use zaraba_core::suggest;
use zaraba_core::time::EventTime;
use zaraba_finance::calendar::{Additions, Calendar, Venue};

/// The venues that a day without any session is a day of.
const JAPAN: [Venue; 3] = [Venue::OseFuture, Venue::OseOption, Venue::TseCash];

/// The calendar, and what is wrong with the additions.
pub(super) fn calendar(doc: &CalendarDoc, mistakes: &mut Diagnostics) -> Calendar {
    let trades = doc.holiday_trading.iter().map(|date| (*date, true));
    let not = doc.no_holiday_trading.iter().map(|date| (*date, false));
    let closed = doc.closed.iter();
    let mut additions = Additions {
        holiday_trading: trades.chain(not).collect(),
        published_years: doc.published.clone(),
        closed: closed
            .flat_map(|date| JAPAN.map(|venue| (venue, *date)))
            .collect(),
        halts: Vec::new(),
    };
    for halt in &doc.halts {
        match halt.venue.value.parse() {
            Ok(venue) => additions
                .halts
                .push((venue, EventTime(halt.from), EventTime(halt.to))),
            Err(_) => {
                let names = Venue::ALL.map(Venue::name);
                let hint = suggest::hint(&halt.venue.value, names);
                let message = format!("no venue `{}`{hint}", halt.venue.value);
                let help = format!("there are {}", names.map(|n| format!("\"{n}\"")).join(", "));
                mistakes.push(Diagnostic::at(halt.venue.span, message).help(help));
            }
        }
    }
    Calendar::built_in().with(&additions)
}
