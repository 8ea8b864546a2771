//! `band-crossing`: any value that crosses from one named band into another. A band that has a severity
//! is an alert while the value is in it; a band without one is nothing to speak of.
//!
//! The bands are a profile's, or the pipeline's own. Downwards a band is left only by `back` more than
//! its edge, so that what flickers around an edge is one alert.
//!
//! ```toml
//! [rule.pcr_band]
//! plugin = "band-crossing"
//! from = ["pcr"]                # value; key if there
//! [rule.pcr_band.params]
//! name = "PCR"
//! back = 0.02
//! bands = [
//!     { name = "calls dominate", ja = "コール偏重", severity = "info" },
//!     { name = "balanced", ja = "バランス圏内", from = 0.7 },
//!     { name = "puts dominate", ja = "プット偏重", above = 1.3, severity = "watch" },
//! ]
//! ```
//!
//! The same by `params = { profile = "pcr" }`; others are `nikkei_vi` and `vix`.

use zaraba_sdk::alert::{AlertState, Alerts, Severity};
use zaraba_sdk::hysteresis::reached;
use zaraba_sdk::input::Input;
use zaraba_sdk::manifest::{DataType, Manifest};
use zaraba_sdk::rule::Rule;
use zaraba_sdk::state::Keyed;
use zaraba_sdk::text::Text;
use zaraba_sdk::{Params, Row};

/// What is wanted of the stream.
#[derive(Row)]
struct Figure<'a> {
    /// What the value is of, where there are several.
    #[column(optional)]
    key: Option<Text<'a>>,
    /// The value.
    value: f64,
}

/// A band, up to where the next one begins.
#[derive(Clone, Debug, Params)]
struct Band {
    /// What it is called.
    name: String,
    /// The same in Japanese.
    ja: Option<String>,
    /// The least value that is in it.
    from: Option<f64>,
    /// In place of `from`: what values in it are above.
    above: Option<f64>,
    /// How much it matters; nothing, if left out.
    severity: Option<Severity>,
}

impl Band {
    /// The least value that is in it; none of the lowest band.
    fn edge(&self) -> Option<f64> {
        self.from.or_else(|| self.above.map(f64::next_up))
    }

    fn in_japanese(&self) -> &str {
        self.ja.as_ref().unwrap_or(&self.name)
    }
}

/// The bands.
#[derive(Debug, Params)]
pub struct Bands {
    /// Bands that are known by name.
    #[param(one_of = ["nikkei_vi", "pcr", "vix"])]
    profile: Option<String>,
    /// In place of a profile: bands, the lowest first, which has neither `from` nor `above`.
    #[param(default = [])]
    bands: Vec<Band>,
    /// How far a value must fall below an edge to leave a band.
    #[param(default = 0.0, min = 0.0)]
    back: f64,
    /// What the value is called, where the stream has no `key`.
    #[param(default = "value")]
    name: String,
}

const fn known(
    ja: &'static str,
    name: &'static str,
    edge: f64,
    severity: Option<Severity>,
) -> Known {
    Known(ja, name, edge, severity)
}

/// A band of a profile: its names, the least value in it, and how much it matters.
struct Known(&'static str, &'static str, f64, Option<Severity>);

const INFO: Option<Severity> = Some(Severity::Info);
const WATCH: Option<Severity> = Some(Severity::Watch);
const HIGH: Option<Severity> = Some(Severity::High);

/// 20超, 30超, 40超: above, not at.
const NIKKEI_VI: [Known; 5] = [
    known("異常低位", "unusually low", f64::NEG_INFINITY, INFO),
    known("通常", "normal", 10.0, None),
    known("不安上昇", "unease grows", 20.0f64.next_up(), INFO),
    known("注意", "caution", 30.0f64.next_up(), WATCH),
    known("混乱", "turmoil", 40.0f64.next_up(), HIGH),
];
const VIX: [Known; 7] = [
    known("極端な低位", "extremely low", f64::NEG_INFINITY, INFO),
    known("穏やか", "calm", 10.0, None),
    known("平常〜やや不安定", "normal to uneasy", 15.0, None),
    known("警戒への移行", "turning wary", 25.0, INFO),
    known("不安心理", "anxious", 30.0, WATCH),
    known("混乱", "turmoil", 40.0, HIGH),
    known(
        "極度",
        "extreme",
        50.0f64.next_up(),
        Some(Severity::Critical),
    ),
];
const PCR: [Known; 3] = [
    known("コール偏重", "calls dominate", f64::NEG_INFINITY, INFO),
    known("バランス圏内", "balanced", 0.7, None),
    known("プット偏重", "puts dominate", 1.3f64.next_up(), WATCH),
];

/// The bands of a profile.
fn profile(name: &str) -> Vec<Band> {
    let known: &[Known] = match name {
        "nikkei_vi" => &NIKKEI_VI,
        "vix" => &VIX,
        _ => &PCR,
    };
    let band = |Known(ja, name, edge, severity): &Known| Band {
        name: (*name).to_owned(),
        ja: Some((*ja).to_owned()),
        from: Some(*edge).filter(|edge| edge.is_finite()),
        above: None,
        severity: *severity,
    };
    known.iter().map(band).collect()
}

/// The band that a key was in, by its place.
const HELD: Keyed<u32> = Keyed::new("band");

/// The rule.
#[derive(Debug)]
pub struct BandCrossing {
    bands: Vec<Band>,
    back: f64,
    name: String,
}

impl Rule for BandCrossing {
    type Params = Bands;

    fn manifest() -> Manifest {
        let version = env!("CARGO_PKG_VERSION");
        let ja = "{{ key }} {{ '%.2f' | format(value) }} {{ band_ja }}";
        let en = "{{ key }} {{ '%.2f' | format(value) }}: {{ band }}";
        Manifest::new(
            "band-crossing",
            version,
            "A value crosses into another band",
        )
        .reads::<Figure>("figures")
        .adds("band", DataType::Text, "The band it is in")
        .adds("band_before", DataType::Text, "The band it was in")
        .says(
            "band",
            "ja",
            ja,
            "{% if before_ja %}{{ before_ja }} → {{ band_ja }}{% endif %}",
        )
        .says(
            "band",
            "en",
            en,
            "{% if band_before %}{{ band_before }} → {{ band }}{% endif %}",
        )
    }

    fn check(params: &Bands) -> Result<(), String> {
        let bands = &params.bands;
        match (&params.profile, bands.as_slice()) {
            (Some(_), []) => return Ok(()),
            (Some(_), _) => return Err("`profile` or `bands`, not both".into()),
            (None, [] | [_]) => return Err("`profile` is needed, or two `bands` or more".into()),
            (None, [first, ..]) if first.edge().is_some() => {
                return Err("`bands[0]` is the lowest: it has neither `from` nor `above`".into());
            }
            _ => {}
        }
        let mut below = f64::NEG_INFINITY;
        for (i, band) in bands.iter().enumerate().skip(1) {
            match band.edge() {
                None => return Err(format!("`bands[{i}]` needs `from` or `above`")),
                Some(_) if band.from.is_some() && band.above.is_some() => {
                    return Err(format!("`bands[{i}]` has `from` and `above`: one of them"));
                }
                Some(edge) if edge <= below => {
                    return Err(format!(
                        "`bands[{i}]` does not begin above the one before it"
                    ));
                }
                Some(edge) => below = edge,
            }
        }
        Ok(())
    }

    fn new(params: Bands) -> Self {
        let bands = match &params.profile {
            Some(name) => profile(name),
            None => params.bands,
        };
        let (back, name) = (params.back, params.name);
        Self { bands, back, name }
    }

    fn evaluate(&mut self, input: &Input, alerts: &mut Alerts) -> Result<(), String> {
        for row in input.rows::<Figure>().filter(|row| row.value.is_finite()) {
            let key = row.key.map_or(self.name.as_str(), Text::as_str);
            let held = HELD.get(key, row.time).map(|place| place as usize);
            let edges = self.bands.iter().filter_map(Band::edge);
            let place = reached(edges, row.value, held.unwrap_or(0), self.back);
            if held == Some(place) {
                continue;
            }
            HELD.set(key, &(place as u32));
            let before = held.and_then(|held| self.bands.get(held));
            let band = &self.bands[place];
            let (state, severity) = match (before.and_then(|band| band.severity), band.severity) {
                (None, None) => continue,
                (None, Some(severity)) => (AlertState::Open, severity),
                (Some(_), Some(severity)) => (AlertState::Update, severity),
                (Some(severity), None) => (AlertState::Clear, severity),
            };
            // The edge that was crossed: of the higher band of the two, or of the nearest to it.
            let crossed = self.bands[place.max((place + 1).min(held.unwrap_or(0)))].edge();
            let draft = alerts.add(row.index, state, severity, "band_crossing");
            let draft = match crossed {
                Some(edge) => draft.figure(row.value, edge, ""),
                None => draft.value(row.value, ""),
            };
            draft
                .key(key)
                .code("band")
                .arg("band_ja", band.in_japanese())
                .arg("before_ja", before.map(Band::in_japanese))
                .field(band.name.as_str())
                .field(before.map(|band| band.name.as_str()));
        }
        Ok(())
    }
}

zaraba_sdk::export!(BandCrossing);

#[cfg(test)]
mod tests;
