//! Which indicators there are: their names, what they take, and how one is made.

use crate::indicator::smooth::{Atr, Ema, Rsi};
use crate::indicator::total::Vwap;
use crate::indicator::window::{Of, Window};
use crate::indicator::{Indicator, Settings, mean, pair, rank};

/// The most rows that an indicator may look at: they are kept for each key.
pub const LENGTH_MAX: usize = 100_000;

/// One kind of indicator.
#[derive(Debug)]
pub struct Spec {
    /// Its name.
    pub name: &'static str,
    /// What it takes of a row.
    pub values: &'static [&'static str],
    /// The least n; none: it takes no n and looks at all rows.
    pub length_min: Option<usize>,
    /// Whether it takes a number of deviations, k.
    pub takes_width: bool,
    /// Whether it answers a band.
    pub band: bool,
    kind: Kind,
}

/// How one is made.
#[derive(Debug)]
enum Kind {
    /// Of the last n rows, anew for each.
    Window(Of),
    /// Of what it knew before, and the row.
    Running(fn(usize) -> Box<dyn Indicator>),
}

const fn window(name: &'static str, values: &'static [&'static str], least: usize, of: Of) -> Spec {
    Spec {
        name,
        values,
        length_min: Some(least),
        takes_width: false,
        band: false,
        kind: Kind::Window(of),
    }
}

const fn running(
    name: &'static str,
    values: &'static [&'static str],
    least: Option<usize>,
    make: fn(usize) -> Box<dyn Indicator>,
) -> Spec {
    Spec {
        name,
        values,
        length_min: least,
        takes_width: false,
        band: false,
        kind: Kind::Running(make),
    }
}

/// All of them.
pub const TABLE: &[Spec] = &[
    window("sma", &["x"], 1, mean::sma),
    running("ema", &["x"], Some(1), |n| Box::new(Ema::new(n))),
    running("rsi", &["x"], Some(2), |n| Box::new(Rsi::new(n))),
    running("atr", &["high", "low", "close"], Some(1), |n| {
        Box::new(Atr::new(n))
    }),
    Spec {
        takes_width: true,
        band: true,
        ..window("bollinger", &["x"], 2, mean::bollinger)
    },
    window("rci", &["x"], 2, rank::rci),
    running("vwap", &["price", "volume"], None, |_| {
        Box::new(Vwap::default())
    }),
    window("zscore", &["x"], 2, mean::zscore),
    window("zscore_mad", &["x"], 2, rank::zscore_mad),
    window("percentile_rank", &["x"], 1, rank::percentile_rank),
    window("rolling_corr", &["x", "y"], 2, pair::rolling_corr),
    window("ols_beta", &["y", "x"], 2, pair::ols_beta),
    window(
        "advance_decline_ratio",
        &["adv", "dec"],
        1,
        pair::advance_decline_ratio,
    ),
];

/// An indicator by its name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Spec> {
    TABLE.iter().find(|spec| spec.name == name)
}

impl Spec {
    /// One before its first row.
    #[must_use]
    pub fn make(&self, settings: Settings) -> Box<dyn Indicator> {
        match self.kind {
            Kind::Window(of) => Box::new(Window::new(self.values.len(), settings, of)),
            Kind::Running(make) => make(settings.length),
        }
    }

    /// How many rows one keeps.
    #[must_use]
    pub const fn keeps(&self, settings: Settings) -> usize {
        match self.kind {
            Kind::Window(_) => settings.length,
            Kind::Running(_) => 0,
        }
    }

    /// How many arguments it takes.
    #[must_use]
    pub fn arguments(&self) -> usize {
        self.values.len() + usize::from(self.length_min.is_some()) + usize::from(self.takes_width)
    }

    /// As it is written: `bollinger(x, n, k)`.
    #[must_use]
    pub fn signature(&self) -> String {
        let mut names = self.values.to_vec();
        names.extend(self.length_min.map(|_| "n"));
        names.extend(self.takes_width.then_some("k"));
        format!("{}({})", self.name, names.join(", "))
    }
}
