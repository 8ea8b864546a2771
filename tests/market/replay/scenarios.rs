//! The days that are replayed: their sessions, months and front months, written by hand.

use super::hours::{Hours, days, tokyo};
use super::ticks::FUTURE;

/// Some days.
pub(super) struct Scenario {
    /// Sessions of futures: kind, date of the opening, opening, close, trading day. A day more than
    /// there are rows of.
    futures: Hours,
    /// Sessions of options.
    options: Hours,
    /// Lines for the pipeline.
    pub(super) calendar: &'static str,
    /// SQ dates; whether futures (F) and options (O) of them trade; until when.
    pub(super) months: &'static [(&'static str, &'static str, &'static str)],
    /// From when on which months are the front of futures and of options.
    pub(super) fronts: &'static [(&'static str, &'static str, &'static str)],
    /// Times outside all sessions with a row of each month, beside those around each session.
    pub(super) strays: &'static [&'static str],
    /// The last close that is replayed.
    last_close: &'static str,
}

impl Scenario {
    pub(super) fn hours(&self, product: &str) -> &Hours {
        if product == FUTURE {
            &self.futures
        } else {
            &self.options
        }
    }

    /// The end of the rows.
    pub(super) fn end(&self) -> i64 {
        tokyo(self.last_close) + 60_000_000
    }

    /// The front months of futures and options at a time.
    pub(super) fn front(&self, time: i64) -> (i32, i32) {
        let since = |(since, ..): &&(&str, &str, &str)| tokyo(since) <= time;
        let (_, future, option) = self.fronts.iter().rfind(since).unwrap();
        (days(future), days(option))
    }
}

/// One list of sessions for both.
fn both(sessions: &str) -> (Hours, Hours) {
    (Hours::of(sessions, true), Hours::of(sessions, false))
}

/// The weekend after an SQ; from Friday's night on, which is Monday's, options up to 300 yen have a
/// tick of 1 yen.
pub(super) fn friday_night_to_monday() -> Scenario {
    let (futures, options) = both(
        "day   2025-11-13 08:45 15:45 2025-11-13
         night 2025-11-13 17:00 06:00 2025-11-14
         day   2025-11-14 08:45 15:45 2025-11-14
         night 2025-11-14 17:00 06:00 2025-11-17
         day   2025-11-17 08:45 15:45 2025-11-17
         night 2025-11-17 17:00 06:00 2025-11-18
         day   2025-11-18 08:45 15:45 2025-11-18",
    );
    Scenario {
        futures,
        options,
        calendar: "",
        months: &[
            ("2025-11-14", "O", "2025-11-13 15:46"),
            ("2025-12-12", "FO", ""),
            ("2026-01-09", "O", ""),
            ("2026-03-13", "F", ""),
        ],
        fronts: &[
            ("2025-11-13 08:00", "2025-12-12", "2025-11-14"),
            ("2025-11-13 15:46", "2025-12-12", "2025-12-12"),
        ],
        strays: &["2025-11-15 12:00"],
        last_close: "2025-11-17 15:45",
    }
}

/// The week of a major SQ: December ends on Thursday with the day session, for futures and options.
pub(super) fn sq_week() -> Scenario {
    let (futures, options) = both(
        "day   2025-12-10 08:45 15:45 2025-12-10
         night 2025-12-10 17:00 06:00 2025-12-11
         day   2025-12-11 08:45 15:45 2025-12-11
         night 2025-12-11 17:00 06:00 2025-12-12
         day   2025-12-12 08:45 15:45 2025-12-12
         night 2025-12-12 17:00 06:00 2025-12-15
         day   2025-12-15 08:45 15:45 2025-12-15
         night 2025-12-15 17:00 06:00 2025-12-16
         day   2025-12-16 08:45 15:45 2025-12-16",
    );
    Scenario {
        futures,
        options,
        calendar: "",
        months: &[
            ("2025-12-12", "FO", "2025-12-11 15:46"),
            ("2026-01-09", "O", ""),
            ("2026-02-13", "O", ""),
            ("2026-03-13", "F", ""),
        ],
        fronts: &[
            ("2025-12-10 08:00", "2025-12-12", "2025-12-12"),
            ("2025-12-11 15:46", "2026-03-13", "2026-01-09"),
        ],
        strays: &["2025-12-13 12:00"],
        last_close: "2025-12-15 15:45",
    }
}

/// Monday is a holiday on which derivatives trade: its sessions are Tuesday's.
pub(super) fn holiday_session() -> Scenario {
    let (futures, options) = both(
        "day   2025-11-21 08:45 15:45 2025-11-21
         night 2025-11-21 17:00 06:00 2025-11-25
         day   2025-11-24 08:45 15:45 2025-11-25
         night 2025-11-24 17:00 06:00 2025-11-25
         day   2025-11-25 08:45 15:45 2025-11-25
         night 2025-11-25 17:00 06:00 2025-11-26
         day   2025-11-26 08:45 15:45 2025-11-26",
    );
    Scenario {
        futures,
        options,
        calendar: "",
        months: &[
            ("2025-12-12", "FO", ""),
            ("2026-01-09", "O", ""),
            ("2026-03-13", "F", ""),
        ],
        fronts: &[("2025-11-21 08:00", "2025-12-12", "2025-12-12")],
        strays: &["2025-11-22 12:00", "2025-11-23 23:00"],
        last_close: "2025-11-25 15:45",
    }
}

/// An SQ before a long weekend, its Monday without trading: three days without a row.
pub(super) fn holiday_without_session() -> Scenario {
    let (futures, options) = both(
        "day   2025-09-11 08:45 15:45 2025-09-11
         night 2025-09-11 17:00 06:00 2025-09-12
         day   2025-09-12 08:45 15:45 2025-09-12
         night 2025-09-12 17:00 06:00 2025-09-16
         day   2025-09-16 08:45 15:45 2025-09-16
         night 2025-09-16 17:00 06:00 2025-09-17
         day   2025-09-17 08:45 15:45 2025-09-17",
    );
    Scenario {
        futures,
        options,
        calendar: "",
        months: &[
            ("2025-09-12", "FO", "2025-09-11 15:46"),
            ("2025-10-10", "O", ""),
            ("2025-11-14", "O", ""),
            ("2025-12-12", "F", ""),
        ],
        fronts: &[
            ("2025-09-11 08:00", "2025-09-12", "2025-09-12"),
            ("2025-09-11 15:46", "2025-12-12", "2025-10-10"),
        ],
        strays: &["2025-09-15 10:00"],
        last_close: "2025-09-16 15:45",
    }
}

/// From 2021-09-21 on nights end at 6:00, options open at 8:45 and have ticks of 1 and 5 yen. Monday
/// and Thursday are holidays of the years before holiday trading.
pub(super) fn rules_of_2021() -> Scenario {
    let sessions = "day   2021-09-17 08:45 15:15 2021-09-17
         night 2021-09-17 16:30 05:30 2021-09-21
         day   2021-09-21 08:45 15:15 2021-09-21
         night 2021-09-21 16:30 06:00 2021-09-22
         day   2021-09-22 08:45 15:15 2021-09-22
         night 2021-09-22 16:30 06:00 2021-09-24
         day   2021-09-24 08:45 15:15 2021-09-24";
    let options = sessions.replace("2021-09-17 08:45", "2021-09-17 09:00");
    Scenario {
        futures: Hours::of(sessions, true),
        options: Hours::of(&options, false),
        calendar: "",
        months: &[
            ("2021-10-08", "O", ""),
            ("2021-11-12", "O", ""),
            ("2021-12-10", "FO", ""),
            ("2022-03-11", "F", ""),
        ],
        fronts: &[("2021-09-17 08:00", "2021-12-10", "2021-10-08")],
        // Within the hours of futures, before those of options.
        strays: &["2021-09-17 08:50", "2021-09-20 10:00"],
        last_close: "2021-09-22 15:15",
    }
}

/// From 2024-11-05 on, a Tuesday, the day session ends at 15:45 and the night begins at 17:00. On the
/// holiday before it nothing traded.
pub(super) fn rules_of_2024() -> Scenario {
    let (futures, options) = both(
        "day   2024-11-01 08:45 15:15 2024-11-01
         night 2024-11-01 16:30 06:00 2024-11-05
         day   2024-11-05 08:45 15:45 2024-11-05
         night 2024-11-05 17:00 06:00 2024-11-06
         day   2024-11-06 08:45 15:45 2024-11-06
         night 2024-11-06 17:00 06:00 2024-11-07
         day   2024-11-07 08:45 15:45 2024-11-07",
    );
    Scenario {
        futures,
        options,
        calendar: "",
        months: &[
            ("2024-11-08", "O", ""),
            ("2024-12-13", "FO", ""),
            ("2025-03-14", "F", ""),
        ],
        fronts: &[("2024-11-01 08:00", "2024-12-13", "2024-11-08")],
        strays: &["2024-11-03 12:00", "2024-11-04 10:00"],
        last_close: "2024-11-06 15:45",
    }
}

/// The same days for a user who says that the holiday had its sessions: under the old hours.
pub(super) fn rules_of_2024_with_a_holiday_session() -> Scenario {
    let (futures, options) = both(
        "day   2024-11-01 08:45 15:15 2024-11-01
         night 2024-11-01 16:30 06:00 2024-11-05
         day   2024-11-04 08:45 15:15 2024-11-05
         night 2024-11-04 16:30 06:00 2024-11-05
         day   2024-11-05 08:45 15:45 2024-11-05
         night 2024-11-05 17:00 06:00 2024-11-06
         day   2024-11-06 08:45 15:45 2024-11-06
         night 2024-11-06 17:00 06:00 2024-11-07
         day   2024-11-07 08:45 15:45 2024-11-07",
    );
    Scenario {
        futures,
        options,
        calendar: "[calendar]\nholiday_trading = [\"2024-11-04\"]\n",
        strays: &["2024-11-03 12:00"],
        ..rules_of_2024()
    }
}

/// The turn of a year: from December 31 to January 5 nothing but the sessions of January 3, which
/// are the 6th's.
pub(super) fn new_year() -> Scenario {
    let (futures, options) = both(
        "day   2024-12-30 08:45 15:45 2024-12-30
         night 2024-12-30 17:00 06:00 2025-01-06
         day   2025-01-03 08:45 15:45 2025-01-06
         night 2025-01-03 17:00 06:00 2025-01-06
         day   2025-01-06 08:45 15:45 2025-01-06
         night 2025-01-06 17:00 06:00 2025-01-07
         day   2025-01-07 08:45 15:45 2025-01-07",
    );
    Scenario {
        futures,
        options,
        calendar: "",
        months: &[
            ("2025-01-10", "O", ""),
            ("2025-02-14", "O", ""),
            ("2025-03-14", "FO", ""),
        ],
        fronts: &[("2024-12-30 08:00", "2025-03-14", "2025-01-10")],
        strays: &["2025-01-02 10:00", "2025-01-04 12:00"],
        last_close: "2025-01-06 15:45",
    }
}
