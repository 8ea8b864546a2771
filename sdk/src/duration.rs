//! A length of time, as parameters say it: `"5m"`.

use serde_json::{Value, json};

use crate::params::{Param, Unfit};

/// Microseconds. Written as whole numbers with units, the largest first: `"90s"`, `"1h30m"`.
///
/// ```
/// use zaraba_sdk::duration::Duration;
///
/// assert_eq!("1h30m".parse(), Ok(Duration(5_400_000_000)));
/// assert_eq!(Duration(90_000_000).to_string(), "1m30s");
/// assert!("5".parse::<Duration>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(pub i64);

/// The units, the largest first: an `m` before `ms` must not take its letter.
const UNITS: [(&str, i64); 5] = [
    ("d", 86_400_000_000),
    ("h", 3_600_000_000),
    ("m", 60_000_000),
    ("s", 1_000_000),
    ("ms", 1_000),
];

impl std::str::FromStr for Duration {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (mut rest, mut sum, mut units) = (text, 0i64, UNITS.as_slice());
        while !rest.is_empty() || text.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or(())?;
            let number: i64 = rest[..digits].parse().map_err(|_| ())?;
            rest = &rest[digits..];
            let letters = rest.find(|c: char| c.is_ascii_digit());
            let unit;
            (unit, rest) = rest.split_at(letters.unwrap_or(rest.len()));
            let place = units.iter().position(|(name, _)| *name == unit).ok_or(())?;
            let micros = number.checked_mul(units[place].1).ok_or(())?;
            sum = sum.checked_add(micros).ok_or(())?;
            units = &units[place + 1..];
        }
        Ok(Self(sum))
    }
}

impl std::fmt::Display for Duration {
    /// To the millisecond.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut rest = self.0;
        for (name, micros) in UNITS {
            if rest >= micros {
                write!(f, "{}{name}", rest / micros)?;
                rest %= micros;
            }
        }
        if self.0 < 1_000 {
            f.write_str("0s")
        } else {
            Ok(())
        }
    }
}

impl Param for Duration {
    fn schema() -> Value {
        json!({ "type": "string", "pattern": "^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$" })
    }

    fn read(value: &Value) -> Result<Self, Unfit> {
        let read = value.as_str().and_then(|text| text.parse().ok());
        let positive = read.filter(|duration: &Self| duration.0 > 0);
        positive.ok_or_else(|| Unfit::expected("a length of time such as \"5m\"", value))
    }
}
