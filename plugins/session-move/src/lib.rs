//! `session-move`: how far a future has moved since the first trade of its session, of the day or of
//! the night: `(price − open) · 100 / open`, an alert at each step up or down that the session had not
//! reached yet.
//!
//! Sessions are the exchange's calendar's: the night session belongs to the next trading day and has
//! its own opening. Rows outside of sessions, and trades of before the opening (`price_time`), count
//! for nothing. The first trade of the next session clears what is open.
//!
//! ```toml
//! [rule.session_move]
//! plugin = "session-move"
//! from = ["futures"]            # price; product, sq_date, price_time if there
//! params = { step_pct = 0.5 }
//! ```
//!
//! It says `日経225先物 0.86%上昇`.

use zaraba_sdk::alert::{AlertState, Alerts, Severity};
use zaraba_sdk::calendar::{Session, SessionKind, Sessions, VENUES};
use zaraba_sdk::input::{At, Date, Input, Timestamp};
use zaraba_sdk::manifest::{DataType, Manifest};
use zaraba_sdk::rule::Rule;
use zaraba_sdk::state::Keyed;
use zaraba_sdk::text::Text;
use zaraba_sdk::{Params, Row, Stored, percent};

/// What is wanted of the stream.
#[derive(Row)]
struct Trade<'a> {
    /// The product, where there are several.
    #[column(optional)]
    product: Option<Text<'a>>,
    /// The day of settlement, where there are several.
    #[column(optional)]
    sq_date: Option<Date>,
    /// The last trade.
    price: f64,
    /// When that was; the row's time if left out.
    #[column(optional)]
    price_time: Option<Timestamp>,
}

/// What counts as a move.
#[derive(Debug, Params)]
pub struct Steps {
    /// From what change on an alert is raised, percent.
    #[param(default = 0.5, min = 0.01)]
    info_pct: f64,
    /// From what change on it is to be watched.
    #[param(default = 1.0, min = 0.01)]
    watch_pct: f64,
    /// From what change on it is high.
    #[param(default = 2.0, min = 0.01)]
    high_pct: f64,
    /// After how much more it is raised again.
    #[param(default = 0.5, min = 0.01)]
    step_pct: f64,
    /// Whose sessions.
    #[param(default = "OSE.future", one_of = VENUES)]
    venue: String,
    /// The key, where the stream has no `product`.
    #[param(default = "NK225.future")]
    instrument: String,
}

/// A session as it was seen so far.
#[derive(Debug, Stored)]
struct Seen {
    opens: i64,
    first: f64,
    first_time: Timestamp,
    /// Steps reached up and down.
    up: u32,
    down: u32,
}

/// A step that was reached.
struct Moved {
    state: AlertState,
    pct: f64,
    threshold: f64,
}

const KIND: &str = "session_move";
const SEEN: Keyed<Seen> = Keyed::new("seen");
/// An expired month is forgotten.
const FORGOTTEN: i64 = 14 * 86_400_000_000;

/// The rule.
#[derive(Debug)]
pub struct SessionMove {
    steps: Steps,
    sessions: Sessions,
}

impl SessionMove {
    /// How many steps a size is, with a hair for rounding: the first at `info_pct`, then one more
    /// each `step_pct`.
    fn steps(&self, size: f64) -> u32 {
        let more = (size - self.steps.info_pct) / self.steps.step_pct + 1e-9;
        if more < 0.0 { 0 } else { more as u32 + 1 }
    }

    /// A trade within its session.
    fn trade(&self, row: &At<Trade<'_>>, session: &Session, alerts: &mut Alerts) {
        let instrument = self.steps.instrument.as_str();
        let instrument = row.product.map_or(instrument, Text::as_str);
        let key = match row.sq_date {
            Some(sq_date) => format!("{instrument} {sq_date}"),
            None => instrument.to_owned(),
        };
        let traded = row.price_time.unwrap_or(row.time);
        let (seen, draft) = match SEEN.get(&key, row.time) {
            Some(mut seen) if seen.opens == session.opens => {
                let Some(moved) = self.moved(&mut seen, row.price) else {
                    return;
                };
                let kind = match session.kind {
                    SessionKind::Day => "day",
                    SessionKind::Night => "night",
                };
                let (watch, high) = (self.steps.watch_pct, self.steps.high_pct);
                let severity = percent::severity(moved.pct, watch, high);
                let draft = alerts
                    .add(row.index, moved.state, severity, KIND)
                    .code(if moved.pct > 0.0 {
                        "session_rise"
                    } else {
                        "session_fall"
                    })
                    .arg("price", row.price)
                    .figure(moved.pct, moved.threshold, "%")
                    .baseline(seen.first, Some(seen.first_time))
                    .evidence("price", row.price, Some(traded))
                    .field(kind)
                    .field(Date(session.trading_day));
                (seen, Some(draft))
            }
            before => {
                let draft = before.filter(|seen| seen.up + seen.down > 0).map(|_| {
                    let draft = alerts.add(row.index, AlertState::Clear, Severity::Info, KIND);
                    let draft = draft.code("session_over");
                    draft.field(None::<&str>).field(None::<Date>)
                });
                let seen = Seen {
                    opens: session.opens,
                    first: row.price,
                    first_time: traded,
                    up: 0,
                    down: 0,
                };
                (seen, draft)
            }
        };
        SEEN.set_until(&key, &seen, row.time.plus(FORGOTTEN));
        if let Some(draft) = draft {
            draft.arg("instrument", instrument).key(key);
        }
    }

    /// A price behind the session's first: what it reached that the session had not yet.
    fn moved(&self, seen: &mut Seen, price: f64) -> Option<Moved> {
        let pct = percent::change(price, seen.first)?;
        let steps = self.steps(pct.abs());
        let state = match seen.up + seen.down {
            0 => AlertState::Open,
            _ => AlertState::Update,
        };
        let reached = if pct > 0.0 {
            &mut seen.up
        } else {
            &mut seen.down
        };
        if steps <= *reached {
            return None;
        }
        *reached = steps;
        Some(Moved {
            state,
            pct,
            threshold: self.steps.info_pct + f64::from(steps - 1) * self.steps.step_pct,
        })
    }
}

impl Rule for SessionMove {
    type Params = Steps;

    fn manifest() -> Manifest {
        let version = env!("CARGO_PKG_VERSION");
        let (rise, fall) = (
            "{{ '%.2f' | format(value) }}%",
            "{{ '%.2f' | format(-value) }}%",
        );
        let body_ja = "始値 {{ '%g' | format(baseline) }} → {{ '%g' | format(price) }}円";
        let body_en = "Open {{ '%g' | format(baseline) }} → {{ '%g' | format(price) }}";
        let ja = |what: &str| format!("{NAME_JA} {what}");
        let en = |what: &str| format!("{{{{ instrument }}}} {what}");
        Manifest::new(
            "session-move",
            version,
            "A future moves since its session opened",
        )
        .reads::<Trade>("trades")
        .adds("session", DataType::Text, "`day` or `night`")
        .adds(
            "trading_day",
            DataType::Date,
            "The trading day that it belongs to",
        )
        .says("session_rise", "ja", &ja(&format!("{rise}上昇")), body_ja)
        .says("session_rise", "en", &en(&format!("up {rise}")), body_en)
        .says("session_fall", "ja", &ja(&format!("{fall}下落")), body_ja)
        .says("session_fall", "en", &en(&format!("down {fall}")), body_en)
        .says("session_over", "ja", &ja("セッション終了"), "")
        .says("session_over", "en", &en("session over"), "")
    }

    fn new(steps: Steps) -> Self {
        let sessions = Sessions::of(&steps.venue);
        Self { steps, sessions }
    }

    fn evaluate(&mut self, input: &Input, alerts: &mut Alerts) -> Result<(), String> {
        for row in input.rows::<Trade>() {
            let Some(session) = self.sessions.at(row.time) else {
                continue;
            };
            let traded = row.price_time.unwrap_or(row.time).0 >= session.opens;
            if traded && row.price.is_finite() && row.price > 0.0 {
                self.trade(&row, &session, alerts);
            }
        }
        Ok(())
    }
}

/// Futures by their Japanese names.
const NAME_JA: &str = "{{ {'NK225.future': '日経225先物', 'NK225.mini': '日経225mini', \
    'NK225.micro': '日経225マイクロ先物'}[instrument] | default(instrument) }}";

zaraba_sdk::export!(SessionMove);

#[cfg(test)]
mod tests;
