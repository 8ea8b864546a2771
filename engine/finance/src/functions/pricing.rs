//! Prices, implied volatilities and Greeks in SQL: `black76_price(put_call, f, k, t, r, sigma)` and
//! its kind, `bs_price(put_call, s, k, t, r, q, sigma)` and its kind. Here Greeks are scaled as desks
//! read them: vega and rho for one percentage point, theta for one calendar day.

use std::sync::Arc;

use arrow::array::Float64Array;
use arrow::datatypes::DataType;
use datafusion_common::{Result, exec_err};
use datafusion_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::functions::arguments::{Argument, Kind, Numbers, coerced};
use crate::functions::words::Words;
use crate::pricing::put_call::{PutCall, WORDS};
use crate::pricing::{black_scholes, black76};

/// Days of a year that theta is spread over.
pub const THETA_DAYS: f64 = 365.0;

/// Percentage points in one of volatility or rate.
pub const POINTS: f64 = 100.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Model {
    Black76,
    BlackScholes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Figure {
    Price,
    Iv,
    Delta,
    Gamma,
    Vega,
    Theta,
    Rho,
}

/// One of the functions.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Pricing {
    name: &'static str,
    model: Model,
    figure: Figure,
    signature: Signature,
}

const FUNCTIONS: [(&str, Model, Figure); 14] = [
    ("black76_price", Model::Black76, Figure::Price),
    ("black76_iv", Model::Black76, Figure::Iv),
    ("black76_delta", Model::Black76, Figure::Delta),
    ("black76_gamma", Model::Black76, Figure::Gamma),
    ("black76_vega", Model::Black76, Figure::Vega),
    ("black76_theta", Model::Black76, Figure::Theta),
    ("black76_rho", Model::Black76, Figure::Rho),
    ("bs_price", Model::BlackScholes, Figure::Price),
    ("bs_iv", Model::BlackScholes, Figure::Iv),
    ("bs_delta", Model::BlackScholes, Figure::Delta),
    ("bs_gamma", Model::BlackScholes, Figure::Gamma),
    ("bs_vega", Model::BlackScholes, Figure::Vega),
    ("bs_theta", Model::BlackScholes, Figure::Theta),
    ("bs_rho", Model::BlackScholes, Figure::Rho),
];

/// All of them.
#[must_use]
pub fn all() -> Vec<Arc<ScalarUDF>> {
    let function = |(name, model, figure)| {
        Arc::new(ScalarUDF::from(Pricing {
            name,
            model,
            figure,
            signature: Signature::user_defined(Volatility::Immutable),
        }))
    };
    FUNCTIONS.into_iter().map(function).collect()
}

type Black76 = fn(PutCall, f64, f64, f64, f64, f64) -> Option<f64>;
type BlackScholes = fn(PutCall, f64, f64, f64, f64, f64, f64) -> Option<f64>;

impl Figure {
    fn black76(self) -> Black76 {
        match self {
            Self::Price => black76::price,
            Self::Iv => black76::iv,
            Self::Delta => black76::delta,
            Self::Gamma => black76::gamma,
            Self::Vega => black76::vega,
            Self::Theta => black76::theta,
            Self::Rho => black76::rho,
        }
    }

    fn black_scholes(self) -> BlackScholes {
        match self {
            Self::Price => black_scholes::price,
            Self::Iv => black_scholes::iv,
            Self::Delta => black_scholes::delta,
            Self::Gamma => black_scholes::gamma,
            Self::Vega => black_scholes::vega,
            Self::Theta => black_scholes::theta,
            Self::Rho => black_scholes::rho,
        }
    }

    const fn divisor(self) -> f64 {
        match self {
            Self::Vega | Self::Rho => POINTS,
            Self::Theta => THETA_DAYS,
            Self::Price | Self::Iv | Self::Delta | Self::Gamma => 1.0,
        }
    }
}

impl Model {
    fn arguments(self, figure: Figure) -> Vec<Argument> {
        let names: &[&str] = match self {
            Self::Black76 => &["f", "k", "t", "r"],
            Self::BlackScholes => &["s", "k", "t", "r", "q"],
        };
        let last = match figure {
            Figure::Iv => "price",
            _ => "sigma",
        };
        let numbers = names.iter().copied().chain([last]);
        let numbers = numbers.map(|name| (name, Kind::Number));
        let words = [("put_call", Kind::Text)];
        words.into_iter().chain(numbers).collect()
    }
}

impl ScalarUDFImpl for Pricing {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, found: &[DataType]) -> Result<Vec<DataType>> {
        coerced(self.name, &self.model.arguments(self.figure), 0, found)
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = call.number_rows;
        let Some((words, numbers)) = call.args.split_first() else {
            return exec_err!("{}: expected arguments", self.name);
        };
        let sides = Words::known(words, "put_call", WORDS, PutCall::from_text)?;
        let divisor = self.figure.divisor();
        let answers: Float64Array = match self.model {
            Model::Black76 => {
                let (numbers, of) = (Numbers::<5>::new(numbers, rows)?, self.figure.black76());
                let answer = |row| {
                    let [f, k, t, r, last] = numbers.row(row)?;
                    Some(of(sides.row(row)?, f, k, t, r, last)? / divisor)
                };
                (0..rows).map(answer).collect()
            }
            Model::BlackScholes => {
                let (numbers, of) = (
                    Numbers::<6>::new(numbers, rows)?,
                    self.figure.black_scholes(),
                );
                let answer = |row| {
                    let [s, k, t, r, q, last] = numbers.row(row)?;
                    Some(of(sides.row(row)?, s, k, t, r, q, last)? / divisor)
                };
                (0..rows).map(answer).collect()
            }
        };
        Ok(ColumnarValue::Array(Arc::new(answers)))
    }
}
