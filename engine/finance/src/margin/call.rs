//! The margin call (追証): how much is short, why, until when, and what happens then.

use chrono::{DateTime, Duration, NaiveDate, NaiveTime, Utc};

/// Why money is short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// Case ① of the brief: the position has lost.
    Loss,
    /// Case ②: the required margin was raised.
    Raised,
}

impl Cause {
    /// The word for it in SQL.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Loss => "loss",
            Self::Raised => "raised",
        }
    }
}

/// What happens to a call that is not met (強制決済), as a word in SQL.
pub const CONSEQUENCE: &str = "forced_close";

/// A margin call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MarginCall {
    /// `cash + profit`, in yen.
    pub equity: f64,
    /// How much must be paid in, in yen.
    pub shortfall: f64,
    /// Why.
    pub cause: Cause,
}

/// Judges an account at the marking to market of the close: `equity = cash + profit`, and the call
/// is `required − equity` where that is positive. It is the raised margin's if the margin was
/// raised, else the loss's. `required` is for the whole position.
#[must_use]
pub fn margin_call(cash: f64, pnl: f64, required: f64, required_before: f64) -> Option<MarginCall> {
    let equity = cash + pnl;
    let shortfall = required - equity;
    let cause = if required > required_before {
        Cause::Raised
    } else {
        Cause::Loss
    };
    (shortfall > 0.0).then_some(MarginCall {
        equity,
        shortfall,
        cause,
    })
}

/// Until when a call must be met: noon in Tokyo of the business day after the close that it was
/// found at. Unmet, the position is closed by force.
#[must_use]
pub fn due(next_business_day: NaiveDate) -> DateTime<Utc> {
    // Tokyo is nine hours ahead of UTC.
    next_business_day.and_time(NaiveTime::MIN).and_utc() + Duration::hours(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Brief 003, row 9: cash 80,000, margin 50,000, a loss of 40,000.
    #[test]
    fn case_one_a_loss() {
        let call = margin_call(80_000.0, -40_000.0, 50_000.0, 50_000.0).unwrap();
        assert_eq!((call.equity, call.shortfall), (40_000.0, 10_000.0));
        assert_eq!(call.cause, Cause::Loss);
    }

    /// Brief 003, row 10: cash 80,000, no profit, the margin raised from 50,000 to 90,000.
    #[test]
    fn case_two_a_raised_margin() {
        let call = margin_call(80_000.0, 0.0, 90_000.0, 50_000.0).unwrap();
        assert_eq!((call.equity, call.shortfall), (80_000.0, 10_000.0));
        assert_eq!(call.cause, Cause::Raised);
    }

    #[test]
    fn enough_is_enough() {
        assert_eq!(margin_call(80_000.0, -30_000.0, 50_000.0, 50_000.0), None);
        assert_eq!(margin_call(f64::NAN, 0.0, 50_000.0, 50_000.0), None);
    }

    /// Found at Friday's close, due on Monday.
    #[test]
    fn due_at_noon_of_the_next_business_day() {
        let noon = "2026-09-14T12:00:00+09:00"
            .parse::<DateTime<Utc>>()
            .unwrap();
        assert_eq!(due("2026-09-14".parse().unwrap()), noon);
    }
}
