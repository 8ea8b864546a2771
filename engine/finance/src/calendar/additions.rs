//! What users know and the built-in tables do not: the exchange's list of a year, a day on which a
//! market stayed closed, a halt.

use chrono::NaiveDate;
use zaraba_core::time::EventTime;

use crate::calendar::venue::Venue;

/// Facts to lay over the built-in tables. Of two statements about one thing the later one counts.
#[derive(Clone, Debug, Default)]
pub struct Additions {
    /// National holidays on which derivatives trade in Osaka, or do not.
    pub holiday_trading: Vec<(NaiveDate, bool)>,
    /// The years for which `holiday_trading`, with what is built in, is all that was published.
    pub published_years: Vec<i32>,
    /// Days on which a venue is closed that would be open: a new holiday, mourning. The two
    /// venues of Osaka share their days.
    pub closed: Vec<(Venue, NaiveDate)>,
    /// Stretches in which a venue was stopped, from the first time to before the second. They
    /// change the phase only: the session goes on.
    pub halts: Vec<(Venue, EventTime, EventTime)>,
}

impl Additions {
    /// Takes over everything that `more` says.
    pub(crate) fn extend(&mut self, more: &Self) {
        self.holiday_trading.extend(&more.holiday_trading);
        self.published_years.extend(&more.published_years);
        self.closed.extend(&more.closed);
        self.halts.extend(&more.halts);
    }
}
