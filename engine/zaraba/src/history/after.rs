//! What a price did after an alert, beside what it did after random times of the same session: within
//! the session, and as far as the recording goes.

use std::collections::{BTreeMap, BTreeSet};

use zaraba_core::time::{EventTime, SECOND};
use zaraba_runtime::run::simulation::Dice;

use crate::history::fires::Fire;
use crate::history::prices::{Prices, Series};
use crate::history::sessions::{Sessions, Stretch};

/// How long after, minutes.
const MINUTES: [i64; 3] = [5, 15, 60];
/// Random times for each alert.
const DRAWS: usize = 20;
/// The same each time: another report of the same rows says the same.
const SEED: u64 = 225;

/// What prices did some minutes after.
#[derive(Clone, Debug, PartialEq)]
pub struct After {
    /// Of which alerts: their `code`, and the sign of their figures where it has both.
    pub code: String,
    /// How long after.
    pub minutes: i64,
    /// After the alerts.
    pub alerts: Spread,
    /// After random times of the same sessions.
    pub random: Spread,
}

/// Changes of a price, percent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// How many.
    pub count: usize,
    /// A quarter is below.
    pub low: f64,
    /// Half is below.
    pub median: f64,
    /// A quarter is above.
    pub high: f64,
    /// The share that rose, percent; what did not move is half a rise.
    pub rose: f64,
}

impl Spread {
    fn new(mut changes: Vec<f64>) -> Option<Self> {
        changes.sort_by(f64::total_cmp);
        let count = changes.len();
        let last = count.checked_sub(1)?;
        // Between two values as far as the share says, as spreadsheets and numpy have it.
        let quantile = |share: f64| {
            let place = share * last as f64;
            let below = changes[place as usize];
            let above = changes[(place.ceil() as usize).min(last)];
            below + (above - below) * place.fract()
        };
        let halves = changes.iter().map(|change| match change {
            change if *change > 0.0 => 1.0,
            change if *change < 0.0 => 0.0,
            _ => 0.5,
        });
        Some(Self {
            count,
            low: quantile(0.25),
            median: quantile(0.5),
            high: quantile(0.75),
            rose: halves.sum::<f64>() * 100.0 / count as f64,
        })
    }
}

/// A change over a while, percent; none where the price is not known, or the session or the
/// recording ends before.
fn change(series: &Series, from: EventTime, within: &Within) -> Option<f64> {
    let to = from.plus(within.length);
    if to >= within.session.end || to.0 > within.newest {
        return None;
    }
    let (before, after) = (series.at(from)?, series.at(to)?);
    let change = (after - before) * 100.0 / before;
    (before > 0.0).then_some(change)
}

struct Within {
    session: Stretch,
    newest: i64,
    length: i64,
}

/// The codes whose alerts have figures above zero and below.
fn signs(fires: &[Fire]) -> BTreeSet<&str> {
    let with = |sign: fn(f64) -> bool| -> BTreeSet<&str> {
        let such = fires.iter().filter(|fire| fire.value.is_some_and(sign));
        such.map(|fire| fire.code.as_str()).collect()
    };
    let (above, below) = (with(|value| value > 0.0), with(|value| value < 0.0));
    above.intersection(&below).copied().collect()
}

/// What an alert is counted as: its code, and the sign of its figure where the code has both. A rise
/// and a fall are not one thing.
fn named(fire: &Fire, signs: &BTreeSet<&str>) -> String {
    let sign = match fire.value {
        Some(value) if signs.contains(fire.code.as_str()) && value > 0.0 => " > 0",
        Some(value) if signs.contains(fire.code.as_str()) && value < 0.0 => " < 0",
        _ => "",
    };
    format!("{}{sign}", fire.code)
}

/// What prices did after these alerts, by code and minutes. An alert whose key has no price, or
/// that came outside of all sessions, is not counted.
pub(super) fn after(fires: &[Fire], prices: &Prices, sessions: &Sessions) -> Vec<After> {
    let mut found: BTreeMap<(String, i64), (Vec<f64>, Vec<f64>)> = BTreeMap::new();
    let signs = signs(fires);
    let mut dice = Dice(SEED);
    for fire in fires {
        let series = prices.of(&fire.key);
        let (Some(series), Some(session)) = (series, sessions.at(fire.time)) else {
            continue;
        };
        for minutes in MINUTES {
            let within = Within {
                session,
                newest: prices.newest,
                length: minutes * 60 * SECOND,
            };
            let Some(moved) = change(series, fire.time, &within) else {
                continue;
            };
            let (alerts, random) = found.entry((named(fire, &signs), minutes)).or_default();
            alerts.push(moved);
            let first = session.start.0.max(series.first());
            let end = session.end.0.min(prices.newest) - within.length;
            for _ in 0..DRAWS {
                let span = usize::try_from(end - first).unwrap_or(0);
                let ahead = i64::try_from(dice.below(span)).unwrap_or(0);
                random.extend(change(series, EventTime(first + ahead), &within));
            }
        }
    }
    let spread = |((code, minutes), (alerts, random)): ((String, i64), (Vec<f64>, Vec<f64>))| {
        Some(After {
            code,
            minutes,
            alerts: Spread::new(alerts)?,
            random: Spread::new(random)?,
        })
    };
    found.into_iter().filter_map(spread).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_are_those_of_numpy() {
        // numpy.percentile([4, 1, 3, 2, 10, 0], [25, 50, 75])
        let spread = Spread::new(vec![4.0, 1.0, 3.0, 2.0, 10.0, 0.0]).unwrap();
        assert_eq!((spread.low, spread.median, spread.high), (1.25, 2.5, 3.75));
        assert!((spread.rose - 550.0 / 6.0).abs() < 1e-9);
        assert_eq!(Spread::new(Vec::new()), None);
    }
}
