//! Which value of a number gives so many alerts a day: found by running it, first in steps of two
//! from where it stands, then between the two nearest.

use crate::error::Error;
use crate::history::{History, Number, Run};

/// Doublings and halvings.
const STEPS: i32 = 8;
/// Runs between two values.
const BETWEEN: usize = 10;
/// How near is near enough, as a share of what is wanted.
const NEAR: f64 = 0.03;
/// Digits of a value that count.
const DIGITS: usize = 3;

/// A value that was run.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried {
    /// The value.
    pub value: f64,
    /// What came of it.
    pub run: Run,
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The value that comes nearest.
    pub best: Tried,
    /// How many alerts were wanted in all.
    pub wanted: f64,
}

/// Values and their alerts, the least value first.
struct Search<'a, 'b> {
    history: &'a mut History<'b>,
    number: &'a Number,
    told: &'a mut dyn FnMut(&Tried),
    tried: Vec<Tried>,
}

impl History<'_> {
    /// The value of a number at which there are `per_day` alerts a trading day, as near as it gets.
    /// `told` sees each value that is run.
    ///
    /// # Errors
    /// As of [`History::run`].
    pub fn suggest(
        &mut self,
        number: &Number,
        per_day: f64,
        told: &mut dyn FnMut(&Tried),
    ) -> Result<Found, Error> {
        let mut search = Search {
            history: self,
            number,
            told,
            tried: Vec::new(),
        };
        let start = if number.value == 0.0 {
            1.0
        } else {
            number.value
        };
        search.run(start)?;
        let wanted = per_day * search.history.days() as f64;
        if wanted == 0.0 {
            let text = "the recording has no row that it looks at: nothing can be learned from it";
            return Err(zaraba_core::error::Error::user(text).into());
        }
        search.widen(start, wanted)?;
        search.narrow(wanted)?;
        let best = search.nearest(wanted).cloned();
        let best = best.ok_or_else(|| zaraba_core::error::Error::internal("nothing was run"))?;
        Ok(Found { best, wanted })
    }

    /// How many trading days the recording has.
    #[must_use]
    pub fn days(&self) -> usize {
        self.seen().map_or(0, |seen| seen.days.len())
    }
}

impl Search<'_, '_> {
    /// Runs a value, rounded to what is worth writing. Whether it is a new one.
    fn run(&mut self, value: f64) -> Result<bool, Error> {
        let value = rounded(value, self.number);
        let place = self.tried.partition_point(|tried| tried.value < value);
        if self
            .tried
            .get(place)
            .is_some_and(|tried| tried.value == value)
        {
            return Ok(false);
        }
        let settings = [(self.number.name.clone(), value.to_string())];
        let run = self.history.run(&settings)?;
        let tried = Tried { value, run };
        (self.told)(&tried);
        self.tried.insert(place, tried);
        Ok(true)
    }

    fn nearest(&self, wanted: f64) -> Option<&Tried> {
        let far = |tried: &&Tried| (tried.run.fires.len() as f64 - wanted).abs();
        self.tried.iter().min_by(|a, b| far(a).total_cmp(&far(b)))
    }

    fn near(&self, wanted: f64) -> bool {
        let far = self
            .nearest(wanted)
            .map(|tried| tried.run.fires.len() as f64 - wanted);
        far.is_some_and(|far| far.abs() <= (wanted * NEAR).max(0.5))
    }

    /// Two neighbours with too many alerts and with too few.
    fn between(&self, wanted: f64) -> Option<(f64, f64)> {
        let over = |tried: &Tried| tried.run.fires.len() as f64 > wanted;
        // Where there are two such pairs, the one of greater values: most thresholds are least values.
        let mut pairs = self.tried.windows(2).rev();
        let found = pairs.find(|pair| over(&pair[0]) != over(&pair[1]))?;
        Some((found[0].value, found[1].value))
    }

    /// Doubles and halves until what is wanted lies between: first the way on which there are more
    /// alerts, or fewer, as is wanted; then the other, since alerts that open and clear again and again
    /// become fewer both ways.
    fn widen(&mut self, start: f64, wanted: f64) -> Result<(), Error> {
        for any in [false, true] {
            for step in 1..=STEPS {
                for factor in [2f64.powi(step), 2f64.powi(-step)] {
                    if self.found(wanted) {
                        return Ok(());
                    }
                    if any || self.leads(factor > 1.0, wanted) {
                        self.run(start * factor)?;
                    }
                }
            }
        }
        for bound in [self.number.least, self.number.most].into_iter().flatten() {
            if !self.found(wanted) {
                self.run(bound)?;
            }
        }
        Ok(())
    }

    fn found(&self, wanted: f64) -> bool {
        self.near(wanted) || self.between(wanted).is_some()
    }

    /// Whether greater (or smaller) values may lead to what is wanted, as far as is known.
    fn leads(&self, away_from_zero: bool, wanted: f64) -> bool {
        let (Some(first), Some(last)) = (self.tried.first(), self.tried.last()) else {
            return true;
        };
        let (few, many) = (first.run.fires.len(), last.run.fires.len());
        if few == many {
            return true;
        }
        let too_few = (few.max(many) as f64) < wanted;
        let greater = away_from_zero == (self.number.value >= 0.0);
        // More alerts are where there were more.
        greater == ((many > few) == too_few)
    }

    fn narrow(&mut self, wanted: f64) -> Result<(), Error> {
        for _ in 0..BETWEEN {
            let Some((low, high)) = self.between(wanted).filter(|_| !self.near(wanted)) else {
                return Ok(());
            };
            let middle = match low * high {
                same if same > 0.0 => same.sqrt().copysign(low),
                _ => f64::midpoint(low, high),
            };
            if !self.run(middle)? {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// A value with few digits, within its bounds.
fn rounded(value: f64, number: &Number) -> f64 {
    let bounded = value
        .max(number.least.unwrap_or(f64::MIN))
        .min(number.most.unwrap_or(f64::MAX));
    if number.whole {
        return bounded.round();
    }
    if bounded == 0.0 {
        return 0.0;
    }
    // Through its text, so that it is the number that is written.
    let short = format!("{bounded:.*e}", DIGITS - 1);
    short.parse().unwrap_or(bounded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Owner;

    #[test]
    fn values_are_worth_writing() {
        let mut number = Number {
            name: "n".into(),
            value: 1.0,
            whole: false,
            least: Some(0.0),
            most: None,
            owner: Owner::Plugin,
        };
        for (value, expected) in [
            (14.142_135, 14.1),
            (0.070_710_6, 0.0707),
            (123_456.0, 123_000.0),
            (0.0, 0.0),
            (-3.0, 0.0),
        ] {
            assert_eq!(rounded(value, &number), expected, "{value}");
        }
        number.whole = true;
        assert_eq!(rounded(14.142_135, &number), 14.0);
    }
}
