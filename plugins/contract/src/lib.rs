//! How the rules of this workspace name an option: in keys, in messages, in links to the chain.

use std::fmt;

use zaraba_sdk::alert::Draft;
use zaraba_sdk::input::Date;
use zaraba_sdk::manifest::{DataType, Manifest};
use zaraba_sdk::text::Text;

/// An option. Shown as the key of its alerts: `NK225.option 2025-12-12 52000 C`.
#[derive(Clone, Copy, Debug)]
pub struct Contract<'a> {
    /// The product, where a stream has several.
    pub product: Option<Text<'a>>,
    /// The day of the special quotation.
    pub sq_date: Date,
    /// The strike.
    pub strike: f64,
    /// `C` or `P`.
    pub put_call: Text<'a>,
}

impl fmt::Display for Contract<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(product) = self.product {
            write!(f, "{product} ")?;
        }
        fmt::Display::fmt(&self.sq_date, f)?;
        // Strikes are whole, as good as always, and a whole number is quickly written.
        match self.strike as i64 {
            whole if whole as f64 == self.strike => write!(f, " {whole} ")?,
            _ => write!(f, " {} ", self.strike)?,
        }
        f.write_str(self.put_call.as_str())
    }
}

impl Contract<'_> {
    /// The key of its alerts and of its state: as it is shown, with no room asked for twice.
    #[must_use]
    pub fn key(&self) -> String {
        let mut key = String::with_capacity(48);
        // A `String` takes whatever is written.
        let _ = fmt::Write::write_fmt(&mut key, format_args!("{self}"));
        key
    }

    /// `CALL` or `PUT`.
    #[must_use]
    pub fn side(&self) -> &'static str {
        side(self.put_call.as_str())
    }

    /// Adds the output fields to a manifest that [`Contract::fill`] fills.
    #[must_use]
    pub fn outputs(manifest: Manifest) -> Manifest {
        let sq = "The day of the special quotation";
        manifest
            .adds("sq_date", DataType::Date, sq)
            .adds("strike", DataType::Float64, "The strike")
            .adds("put_call", DataType::Text, "`C` or `P`")
    }

    /// An alert's key, side, link to its line of the chain, and output fields.
    pub fn fill<'d>(&self, draft: Draft<'d>) -> Draft<'d> {
        let (sq_date, strike, put_call) = (self.sq_date, self.strike, self.put_call);
        draft
            .key(self.key())
            .arg("side", self.side())
            .link(format!("#/chain/{sq_date}/{strike}{put_call}"))
            .field(sq_date)
            .field(strike)
            .field(put_call)
    }
}

/// `CALL` or `PUT`, of `C` or `P`.
#[must_use]
pub fn side(put_call: &str) -> &'static str {
    if put_call == "P" { "PUT" } else { "CALL" }
}

/// Says the same of several codes, in Japanese and in English: a title and a body of each.
#[must_use]
pub fn says(manifest: Manifest, codes: &[&str], ja: (&str, &str), en: (&str, &str)) -> Manifest {
    codes.iter().fold(manifest, |manifest, code| {
        let manifest = manifest.says(code, "ja", ja.0, ja.1);
        manifest.says(code, "en", en.0, en.1)
    })
}
