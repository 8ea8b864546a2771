//! What a position in futures has made, what is left over its margin, and its leverage.

/// Bought or sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// Bought: gains when the price rises.
    Buy,
    /// Sold: gains when the price falls.
    Sell,
}

/// The words that [`Side::from_text`] knows, for messages.
pub const SIDE_WORDS: &str = "'BUY' or 'SELL'";

impl Side {
    /// Reads [`SIDE_WORDS`], in capitals or not.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let is = |word: &str| text.eq_ignore_ascii_case(word);
        match (is("BUY"), is("SELL")) {
            (true, _) => Some(Self::Buy),
            (_, true) => Some(Self::Sell),
            _ => None,
        }
    }

    /// 1 for bought, −1 for sold.
    #[must_use]
    pub const fn sign(self) -> f64 {
        match self {
            Self::Buy => 1.0,
            Self::Sell => -1.0,
        }
    }
}

/// The words that [`multiplier`] knows, for messages.
pub const PRODUCT_WORDS: &str = "'large', 'mini' or 'micro'";

/// Yen per point of a Nikkei 225 future: large 1,000, mini 100, micro 10.
#[must_use]
pub fn multiplier(product: &str) -> Option<f64> {
    match product {
        "large" => Some(1_000.0),
        "mini" => Some(100.0),
        "micro" => Some(10.0),
        _ => None,
    }
}

/// Profit in yen: `(exit − entry)·multiplier·qty·side`.
#[must_use]
pub fn pnl(entry: f64, exit: f64, multiplier: f64, qty: f64, side: Side) -> f64 {
    // A sold position that stands still has made 0, not -0.
    (exit - entry) * multiplier * qty * side.sign() + 0.0
}

/// What is left over the margin (余剰金), in yen: `cash + profit − margin·qty`, the margin for one
/// contract.
#[must_use]
pub fn surplus(cash: f64, pnl: f64, margin: f64, qty: f64) -> f64 {
    cash + pnl - margin * qty
}

/// How many times its margin a contract moves: `price·multiplier/margin`; none unless the margin is
/// positive.
#[must_use]
pub fn effective_leverage(price: f64, multiplier: f64, margin: f64) -> Option<f64> {
    let leverage = price * multiplier / margin;
    (margin > 0.0 && leverage.is_finite()).then_some(leverage)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Brief 003, row 7: bought at 10,000, sold at 10,100 and at 9,900.
    #[test]
    fn profit_of_the_brief() {
        let of = |product, exit, side| pnl(10_000.0, exit, multiplier(product).unwrap(), 1.0, side);
        assert_eq!(of("mini", 10_100.0, Side::Buy), 10_000.0);
        assert_eq!(of("large", 10_100.0, Side::Buy), 100_000.0);
        assert_eq!(of("mini", 9_900.0, Side::Buy), -10_000.0);
        assert_eq!(of("large", 9_900.0, Side::Buy), -100_000.0);
        assert_eq!(of("mini", 10_001.0, Side::Buy), 100.0);
        assert_eq!(of("micro", 9_900.0, Side::Sell), 1_000.0);
        assert_eq!(multiplier("huge"), None);
    }

    /// Brief 003, row 8.
    #[test]
    fn surplus_of_two_contracts() {
        assert_eq!(surplus(300_000.0, -40_000.0, 90_000.0, 2.0), 80_000.0);
    }

    /// Brief 003, row 15: a mini at 20,000 moves 2,000,000 yen.
    #[test]
    fn leverage_of_the_brief() {
        assert_eq!(effective_leverage(20_000.0, 100.0, 1.0), Some(2_000_000.0));
        assert_eq!(effective_leverage(20_000.0, 100.0, 80_000.0), Some(25.0));
        assert_eq!(effective_leverage(20_000.0, 100.0, 0.0), None);
    }

    #[test]
    fn sides_are_read() {
        assert_eq!(Side::from_text("buy"), Some(Side::Buy));
        assert_eq!(Side::from_text("SELL"), Some(Side::Sell));
        assert_eq!(Side::from_text("B"), None);
    }
}
