//! The curve of futures: the forward of an expiry between two futures. Nikkei 225 shares go ex
//! dividend almost all on one day at the end of March and of September, so futures are not on one
//! line: they are joined without the dividends, which are put back for the expiry asked for.

/// A future on the curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Node {
    /// Years to its SQ.
    pub years: f64,
    /// Its price.
    pub price: f64,
}

/// A dividend of the index.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dividend {
    /// Years to the day on which it goes ex.
    pub years: f64,
    /// In points of the index.
    pub points: f64,
}

/// The dividends that go ex up to a time, with interest to that time.
fn paid(dividends: &[Dividend], years: f64, rate: f64) -> f64 {
    let before = dividends
        .iter()
        .filter(|d| d.years > 0.0 && d.years <= years);
    before
        .map(|d| d.points * (rate * (years - d.years)).exp())
        .sum()
}

/// The forward at `years`: futures, with their dividends put back, are joined by straight lines of
/// their logarithms; before the first and after the last they grow at `rate`. The spot may be a
/// node of zero years. `None` without a usable node.
#[must_use]
pub fn forward_at(years: f64, rate: f64, nodes: &[Node], dividends: &[Dividend]) -> Option<f64> {
    let usable = |n: &&Node| n.years.is_finite() && n.price.is_finite() && n.price > 0.0;
    let nodes = || nodes.iter().filter(usable);
    let whole = |n: &Node| n.price + paid(dividends, n.years, rate);
    let before = nodes().filter(|n| n.years <= years);
    let before = before.max_by(|a, b| a.years.total_cmp(&b.years));
    let after = nodes().filter(|n| n.years >= years);
    let after = after.min_by(|a, b| a.years.total_cmp(&b.years));
    let joined = match (before, after) {
        (Some(a), Some(b)) if b.years > a.years => {
            let share = (years - a.years) / (b.years - a.years);
            (whole(a).ln() * (1.0 - share) + whole(b).ln() * share).exp()
        }
        (Some(one), _) | (None, Some(one)) => whole(one) * (rate * (years - one.years)).exp(),
        (None, None) => return None,
    };
    let forward = joined - paid(dividends, years, rate);
    (forward.is_finite() && forward > 0.0).then_some(forward)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Futures of a spot that grows at a rate and pays dividends: the curve must give back what
    /// the arithmetic of carry gives between them, which straight lines through the futures do not.
    #[test]
    fn dividends_between_two_quarters_are_put_back() {
        let (spot, rate) = (64_000.0, 0.012);
        let dividends = [
            Dividend {
                years: 0.16,
                points: 280.0,
            },
            Dividend {
                years: 0.66,
                points: 300.0,
            },
        ];
        let carried = |years: f64| {
            let growth = |d: &Dividend| (d.years, d.points * (rate * (years - d.years)).exp());
            let gone = dividends.iter().map(growth).filter(|d| d.0 <= years);
            spot * (rate * years).exp() - gone.map(|d| d.1).sum::<f64>()
        };
        let node = |years| Node {
            years,
            price: carried(years),
        };
        let quarters = [node(0.36), node(0.11), node(0.61), node(0.86)];
        for years in [0.05, 0.11, 0.14, 0.19, 0.27, 0.36, 0.5, 0.7, 0.9] {
            let found = forward_at(years, rate, &quarters, &dividends).unwrap();
            assert!((found - carried(years)).abs() < 1e-6, "{years}: {found}");
        }
        let without = forward_at(0.19, rate, &quarters, &[]).unwrap();
        assert!((without - carried(0.19)).abs() > 50.0);
    }

    #[test]
    fn without_futures_there_is_no_curve() {
        assert_eq!(forward_at(0.1, 0.0, &[], &[]), None);
        let broken = Node {
            years: 0.1,
            price: f64::NAN,
        };
        assert_eq!(forward_at(0.1, 0.0, &[broken], &[]), None);
    }
}
