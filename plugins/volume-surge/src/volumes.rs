//! What keys trade, beside what they usually do at this time of the session. A row moves the two newest
//! windows of its keys; what is usual is looked up once a fifth of a window, and only where enough is
//! traded.

use zaraba_sdk::Stored;
use zaraba_sdk::calendar::{Session, SessionKind};
use zaraba_sdk::input::Timestamp;
use zaraba_sdk::rolling::Window;
use zaraba_sdk::state::Keyed;

/// What a key trades: the window of its session that is running and the one before, by fifths.
/// Windows that are over are in [`HISTORY`].
#[derive(Debug, Stored)]
struct Recent {
    opens: i64,
    night: bool,
    window: u32,
    before: [u32; 5],
    fifths: [u32; 5],
    /// What was usual at a fifth: it does not change within it.
    usual: Option<(u32, Option<f64>)>,
}

const RECENT: Keyed<Recent> = Keyed::new("recent");
/// By key and window of the session: the volumes of its fifths by the opening of their session, newest
/// last.
const HISTORY: Keyed<Vec<(i64, [u32; 5])>> = Keyed::new("history");
/// By key: a session's opening, and its windows of the last hour that are over.
const LATELY: Keyed<Lately> = Keyed::new("lately");
type Lately = (i64, Vec<(u32, [u32; 5])>);
/// By `day` and `night`: openings of the sessions that were seen, newest last.
const SEEN: Keyed<Vec<i64>> = Keyed::new("sessions");
/// What a key was in twenty sessions is of no use a month later.
const FORGOTTEN: i64 = 60 * 86_400_000_000;
const HOUR: i64 = 3_600_000_000;

/// Counts what keys trade in windows of their sessions, and knows what is usual.
#[derive(Debug)]
pub(crate) struct Volumes {
    /// Over how long volume is counted, microseconds.
    pub(crate) window: i64,
    /// Below which volume nothing is usual or unusual.
    pub(crate) volume_min: i64,
    /// The least that is usual.
    pub(crate) base_min: f64,
    /// How many sessions the median is taken over, and how many there must be.
    pub(crate) sessions: i64,
    pub(crate) history_min: i64,
    /// The session that this instance noted last: it need not look again.
    pub(crate) noted: Option<i64>,
}

/// A volume, what is usual, and how many times that it is: nothing below the least volume.
pub(crate) struct Measured {
    pub(crate) volume: i64,
    pub(crate) usual: Option<f64>,
    pub(crate) ratio: f64,
}

impl Volumes {
    /// The fifth of the window that a moment of a session lies in.
    fn fifth(&self, opens: i64, at: Timestamp) -> u32 {
        ((at.0 - opens) / (self.window / 5).max(1)) as u32
    }

    /// Where the history of a window of the session is.
    fn place(key: &str, night: bool, window: u32) -> String {
        let kind = if night { 'n' } else { 'd' };
        format!("{key} {kind}{window}")
    }

    /// Notes a session that is seen for the first time.
    pub(crate) fn note(&mut self, session: &Session, at: Timestamp) {
        if self.noted.replace(session.opens) == Some(session.opens) {
            return;
        }
        let kind = if session.kind == SessionKind::Night {
            "night"
        } else {
            "day"
        };
        let mut seen = SEEN.get(kind, at).unwrap_or_default();
        if seen.last() != Some(&session.opens) {
            seen.push(session.opens);
            let more = seen.len().saturating_sub(self.sessions as usize + 1);
            seen.drain(..more);
            SEEN.set(kind, &seen);
        }
    }

    /// Counts contracts of a key, and measures it.
    pub(crate) fn count(
        &self,
        key: &str,
        session: &Session,
        traded: i64,
        at: Timestamp,
    ) -> Measured {
        let fifth = self.fifth(session.opens, at);
        let window = fifth / 5;
        let mut recent = Recent {
            opens: session.opens,
            night: session.kind == SessionKind::Night,
            window,
            before: [0; 5],
            fifths: [0; 5],
            usual: None,
        };
        if let Some(last) = RECENT.get(key, at) {
            if (last.opens, last.window) == (session.opens, window) {
                recent = last;
            } else {
                self.put_by(key, &last, at);
                if (last.opens, last.window + 1) == (session.opens, window) {
                    recent.before = last.fifths;
                }
            }
        }
        let volume = &mut recent.fifths[fifth as usize % 5];
        *volume = volume.saturating_add(u32::try_from(traded).unwrap_or(u32::MAX));
        let measured = self.measure(key, &mut recent, at);
        RECENT.set_until(key, &recent, at.plus(FORGOTTEN));
        measured
    }

    /// A window that is over becomes history.
    fn put_by(&self, key: &str, over: &Recent, at: Timestamp) {
        let place = Self::place(key, over.night, over.window);
        let mut history = HISTORY.get(&place, at).unwrap_or_default();
        history.push((over.opens, over.fifths));
        let most = self.sessions as usize + 1;
        history.drain(..history.len().saturating_sub(most));
        HISTORY.set_until(&place, &history, at.plus(FORGOTTEN));

        let lately = LATELY
            .get(key, at)
            .filter(|(opens, _)| *opens == over.opens);
        let mut windows = lately.map_or_else(Vec::new, |(_, windows)| windows);
        windows.push((over.window, over.fifths));
        windows.retain(|(window, _)| i64::from(over.window - window) <= HOUR / self.window);
        LATELY.set_until(key, &(over.opens, windows), at.plus(2 * HOUR));
    }

    /// What is usual for a key at a fifth: over past sessions, else over the last hour.
    fn usual(&self, key: &str, recent: &Recent, now: u32, at: Timestamp) -> Option<f64> {
        let kind = if recent.night { "night" } else { "day" };
        let mut past = SEEN.get(kind, at).unwrap_or_default();
        past.retain(|opens| *opens < recent.opens);
        let history = |window: u32| {
            let history = HISTORY.get(&Self::place(key, recent.night, window), at);
            history.unwrap_or_default()
        };
        let of = |history: &[(i64, [u32; 5])], opens: i64| {
            let found = history.iter().find(|(of, _)| *of == opens);
            found.map_or([0; 5], |(_, fifths)| *fifths)
        };
        let window = now / 5;
        let volumes = if past.len() as i64 >= self.history_min {
            // The window that ends now lies in two of those that history is kept by.
            let (before, running) = (window.checked_sub(1).map(history), history(window));
            let before = before.unwrap_or_default();
            let volume = |opens: &i64| ending(now, of(&before, *opens), of(&running, *opens));
            past.iter().map(volume).collect()
        } else {
            // Windows that end a window ago, two ago, …, as far as the session and the hour go.
            let lately = LATELY
                .get(key, at)
                .filter(|(opens, _)| *opens == recent.opens);
            let lately = lately.map_or_else(Vec::new, |(_, windows)| windows);
            let fifths = |window: u32| match recent.window.checked_sub(window) {
                Some(0) => recent.fifths,
                _ => {
                    let found = lately.iter().find(|(of, _)| *of == window);
                    found.map_or([0; 5], |(_, fifths)| *fifths)
                }
            };
            let most = (HOUR / self.window - 1).max(0) as u32;
            let whole = (1..=most).take_while(|k| (k + 1) * 5 <= now + 1);
            let volume = |k: u32| {
                let before = (window - k).checked_sub(1).map(fifths);
                ending(now, before.unwrap_or_default(), fifths(window - k))
            };
            let volumes: Vec<f64> = whole.map(volume).collect();
            (volumes.len() >= 3).then_some(volumes)?
        };
        Window::new(volumes).median()
    }

    /// A key's last window.
    fn measure(&self, key: &str, recent: &mut Recent, at: Timestamp) -> Measured {
        let now = self.fifth(recent.opens, at);
        let volume = match (now / 5).checked_sub(recent.window) {
            Some(0) => ending(now, recent.before, recent.fifths),
            Some(1) => ending(now, recent.fifths, [0; 5]),
            _ => 0.0,
        };
        // Most rows end here: what is usual need not be looked up.
        let mut usual = None;
        if volume >= self.volume_min as f64 {
            usual = match recent.usual {
                Some((fifth, usual)) if fifth == now => usual,
                _ => self.usual(key, recent, now, at),
            };
            recent.usual = Some((now, usual));
        }
        let usual = usual.map(|usual| usual.max(self.base_min));
        Measured {
            volume: volume as i64,
            usual,
            ratio: usual.map_or(0.0, |usual| volume / usual),
        }
    }

    /// A key at a moment, traded or not; none if it never was.
    pub(crate) fn look(&self, key: &str, at: Timestamp) -> Option<Measured> {
        let mut recent = RECENT.get(key, at)?;
        Some(self.measure(key, &mut recent, at))
    }
}

/// The volume of the window that ends with a fifth, of the fifths of the window that it lies in and of
/// the one before.
fn ending(now: u32, before: [u32; 5], running: [u32; 5]) -> f64 {
    let last = now as usize % 5;
    let volumes = before[last + 1..].iter().chain(&running[..=last]);
    volumes.copied().map(f64::from).sum()
}
