//! How far apart in event time the conditions of a join allow its rows to be. A condition counts
//! if it compares the two event-time columns, give or take constants: `b.ts <= a.ts + INTERVAL …`,
//! either way round.

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};
use zaraba_core::time::DAY;

/// Least and greatest of how much later the right row is, microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Bounds {
    /// At least so much.
    pub(crate) low: Option<i64>,
    /// At most so much.
    pub(crate) high: Option<i64>,
}

impl Bounds {
    fn at_least(&mut self, micros: i64) {
        self.low = Some(self.low.map_or(micros, |low| low.max(micros)));
    }

    fn at_most(&mut self, micros: i64) {
        self.high = Some(self.high.map_or(micros, |high| high.min(micros)));
    }
}

/// `left · left time + right · right time + constant`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Linear {
    left: i64,
    right: i64,
    constant: i64,
}

impl Linear {
    fn minus(self, other: Self) -> Option<Self> {
        Some(Self {
            left: self.left - other.left,
            right: self.right - other.right,
            constant: self.constant.checked_sub(other.constant)?,
        })
    }

    fn plus(self, other: Self) -> Option<Self> {
        let zero = Self {
            left: 0,
            right: 0,
            constant: 0,
        };
        self.minus(zero.minus(other)?)
    }
}

/// Reads conditions over both inputs' columns.
pub(crate) struct Reader<'a> {
    /// The columns of both inputs, the left one's first.
    pub(crate) schema: &'a DFSchema,
    /// The event-time columns among them.
    pub(crate) times: [usize; 2],
}

impl Reader<'_> {
    /// Narrows the bounds by a condition; whether that is all the condition says.
    pub(crate) fn read(&self, condition: &Expr, bounds: &mut Bounds) -> bool {
        match condition {
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
                self.compare(left, *op, right, bounds)
            }
            Expr::Between(between) if !between.negated => {
                let mut both = *bounds;
                let read = self.compare(&between.expr, Operator::GtEq, &between.low, &mut both)
                    && self.compare(&between.expr, Operator::LtEq, &between.high, &mut both);
                if read {
                    *bounds = both;
                }
                read
            }
            _ => false,
        }
    }

    /// The same for `a op b`.
    pub(crate) fn compare(&self, a: &Expr, op: Operator, b: &Expr, bounds: &mut Bounds) -> bool {
        let difference = self.linear(a).zip(self.linear(b));
        let Some(difference) = difference.and_then(|(a, b)| a.minus(b)) else {
            return false;
        };
        // As a comparison of (right − left) with a constant.
        let (op, limit) = match (difference.left, difference.right) {
            (-1, 1) => (Some(op), difference.constant.checked_neg()),
            (1, -1) => (op.swap(), Some(difference.constant)),
            _ => return false,
        };
        let (Some(op), Some(limit)) = (op, limit) else {
            return false;
        };
        match op {
            Operator::LtEq => bounds.at_most(limit),
            Operator::Lt => bounds.at_most(limit.saturating_sub(1)),
            Operator::GtEq => bounds.at_least(limit),
            Operator::Gt => bounds.at_least(limit.saturating_add(1)),
            Operator::Eq => {
                bounds.at_most(limit);
                bounds.at_least(limit);
            }
            _ => return false,
        }
        true
    }

    fn linear(&self, expr: &Expr) -> Option<Linear> {
        let (left, right, constant) = match expr {
            Expr::Column(column) => {
                let index = self.schema.maybe_index_of_column(column)?;
                let is = |i: usize| i64::from(self.times[i] == index);
                if is(0) + is(1) == 0 {
                    return None;
                }
                (is(0), is(1), 0)
            }
            Expr::Alias(alias) => return self.linear(&alias.expr),
            Expr::Literal(value, _) => (0, 0, micros(value)?),
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
                let (a, b) = (self.linear(left)?, self.linear(right)?);
                return match op {
                    Operator::Plus => a.plus(b),
                    Operator::Minus => a.minus(b),
                    _ => None,
                };
            }
            Expr::Negative(inner) => {
                let inner = self.linear(inner)?;
                return Linear {
                    left: 0,
                    right: 0,
                    constant: 0,
                }
                .minus(inner);
            }
            Expr::Cast(cast) => {
                let exact = keeps_microseconds(cast.field.data_type());
                return exact.then(|| self.linear(&cast.expr)).flatten();
            }
            _ => return None,
        };
        Some(Linear {
            left,
            right,
            constant,
        })
    }
}

/// Whether a cast to the type keeps times and lengths of time to the microsecond.
fn keeps_microseconds(to: &DataType) -> bool {
    matches!(
        to,
        // Without a zone a cast shows what the zone's clocks show, which is another time.
        DataType::Timestamp(TimeUnit::Microsecond | TimeUnit::Nanosecond, Some(_))
            | DataType::Duration(TimeUnit::Microsecond | TimeUnit::Nanosecond)
            | DataType::Interval(_)
    )
}

/// A fixed length of time.
fn micros(value: &ScalarValue) -> Option<i64> {
    let whole = |nanos: i64| (nanos % 1000 == 0).then_some(nanos / 1000);
    match value {
        ScalarValue::IntervalMonthDayNano(Some(i)) if i.months == 0 => i64::from(i.days)
            .checked_mul(DAY)?
            .checked_add(whole(i.nanoseconds)?),
        ScalarValue::IntervalDayTime(Some(i)) => i64::from(i.days)
            .checked_mul(DAY)?
            .checked_add(i64::from(i.milliseconds) * 1000),
        ScalarValue::DurationSecond(Some(s)) => s.checked_mul(1_000_000),
        ScalarValue::DurationMillisecond(Some(ms)) => ms.checked_mul(1000),
        ScalarValue::DurationMicrosecond(Some(us)) => Some(*us),
        ScalarValue::DurationNanosecond(Some(ns)) => whole(*ns),
        _ => None,
    }
}
