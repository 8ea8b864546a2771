//! Storms: many keys of one kind that open within a short time. The first go out on their own, the
//! rest becomes one alert when the time is over, with its members as evidence. It clears when all
//! of them have cleared.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use zaraba_core::alert::{Alert, Severity, State};
use zaraba_core::time::{EventTime, duration_text, iso8601};

/// Members that an alert names; all are counted.
const NAMED: usize = 1_000;
/// Keys in `args`.
const KEYS: usize = 20;

/// A key that opened.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Member {
    pub(crate) key: String,
    pub(crate) value: Option<f64>,
    pub(crate) time: i64,
}

/// A storm that goes on.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Storm {
    /// Keys that went out on their own.
    alone: BTreeSet<String>,
    members: Vec<Member>,
    count: usize,
    severity: usize,
    /// Members that have not left.
    standing: BTreeSet<String>,
}

/// One that was told of.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Past {
    severity: usize,
    count: usize,
    standing: BTreeSet<String>,
}

/// All of them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Storms {
    /// By kind: when it began, and what it has.
    now: BTreeMap<String, (i64, Storm)>,
    /// By kind and when they began.
    past: BTreeMap<String, BTreeMap<i64, Past>>,
    /// Those whose last member left: kind, beginning.
    cleared: Vec<(String, i64)>,
}

fn severity(of: usize) -> Severity {
    let found = Severity::ALL.get(of).copied();
    found.unwrap_or(Severity::Info)
}

impl Storms {
    /// A key opens; the beginning of the storm that it is a member of, none: it goes out alone.
    pub(crate) fn join(
        &mut self,
        kind: &str,
        member: Member,
        severity: usize,
        within: i64,
        most: usize,
    ) -> Option<i64> {
        let fresh = || (member.time, Storm::default());
        let now = self.now.entry(kind.to_owned()).or_insert_with(fresh);
        if member.time >= now.0.saturating_add(within) {
            *now = fresh();
        }
        let (begun, storm) = now;
        if storm.alone.contains(&member.key) || storm.alone.len() < most {
            storm.alone.insert(member.key);
            return None;
        }
        storm.severity = storm.severity.max(severity);
        storm.standing.insert(member.key.clone());
        if !storm.members.iter().any(|other| other.key == member.key) {
            storm.count += 1;
            if storm.members.len() < NAMED {
                storm.members.push(member);
            }
        }
        Some(*begun)
    }

    /// A member clears, or is told of on its own.
    pub(crate) fn leave(&mut self, kind: &str, begun: i64, key: &str) {
        if let Some((now, storm)) = self.now.get_mut(kind)
            && *now == begun
        {
            storm.standing.remove(key);
        }
        let past = self.past.get_mut(kind);
        if let Some(past) = past.and_then(|past| past.get_mut(&begun))
            && past.standing.remove(key)
            && past.standing.is_empty()
        {
            self.cleared.push((kind.to_owned(), begun));
        }
    }

    /// Whether one has that was not told.
    pub(crate) fn has_cleared(&self) -> bool {
        !self.cleared.is_empty()
    }

    /// When the first of them is over.
    pub(crate) fn next_end(&self, within: i64) -> Option<i64> {
        let begun = self.now.values().map(|(begun, _)| *begun).min()?;
        Some(begun.saturating_add(within))
    }

    /// Tells of those that are over at `time`, in the order of their ends, then of their kinds.
    pub(crate) fn over(&mut self, time: i64, within: i64, rule: &str, tell: &mut dyn FnMut(Alert)) {
        let mut over: Vec<(i64, String)> = self
            .now
            .iter()
            .filter(|(_, (begun, _))| begun.saturating_add(within) <= time)
            .map(|(kind, (begun, _))| (*begun, kind.clone()))
            .collect();
        over.sort();
        for (begun, kind) in over {
            let Some((_, storm)) = self.now.remove(&kind) else {
                continue;
            };
            if storm.members.is_empty() {
                continue;
            }
            let end = begun.saturating_add(within);
            let severity = severity(storm.severity);
            let mut told = alert(rule, &kind, begun, end, severity);
            told.state = State::Open;
            tell(storm.told(told, within));
            let past = Past {
                severity: storm.severity,
                count: storm.count,
                standing: storm.standing,
            };
            let none = past.standing.is_empty();
            self.past
                .entry(kind.clone())
                .or_default()
                .insert(begun, past);
            if none {
                self.cleared.push((kind, begun));
                self.clear(end, rule, tell);
            }
        }
    }

    /// Tells of those whose last member left at `time`.
    pub(crate) fn clear(&mut self, time: i64, rule: &str, tell: &mut dyn FnMut(Alert)) {
        for (kind, begun) in std::mem::take(&mut self.cleared) {
            let past = self
                .past
                .get_mut(&kind)
                .and_then(|past| past.remove(&begun));
            if let Some(past) = past {
                let mut told = alert(rule, &kind, begun, time, severity(past.severity));
                texts(&mut told, &kind, past.count, "", "");
                tell(told);
            }
        }
    }

    /// Forgets the oldest of those that were told, while they have more members than so many.
    pub(crate) fn forget(&mut self, most: usize) {
        let mut all: Vec<(i64, &str, usize)> = self
            .past
            .iter()
            .flat_map(|(kind, past)| past.iter().map(move |(begun, past)| (begun, kind, past)))
            .map(|(begun, kind, past)| (*begun, kind.as_str(), past.standing.len()))
            .collect();
        let mut members: usize = all.iter().map(|(.., members)| members).sum();
        if members <= most {
            return;
        }
        all.sort_unstable();
        let oldest = all.iter().take_while(|(.., of)| {
            let over = members > most;
            members -= of;
            over
        });
        let oldest: Vec<(i64, String)> = oldest
            .map(|(b, kind, _)| (*b, (*kind).to_owned()))
            .collect();
        for (begun, kind) in oldest {
            if let Some(past) = self.past.get_mut(&kind) {
                past.remove(&begun);
            }
        }
        self.past.retain(|_, past| !past.is_empty());
    }

    pub(crate) fn bytes(&self) -> usize {
        const MEMBER: usize = 150;
        let now: usize = self.now.values().map(|(_, s)| s.members.len()).sum();
        let past = self.past.values().flat_map(|past| past.values());
        let past: usize = past.map(|past| past.standing.len()).sum();
        (now + past) * MEMBER
    }
}

/// What all alerts of a storm have.
fn alert(rule: &str, kind: &str, begun: i64, time: i64, severity: Severity) -> Alert {
    Alert {
        time: EventTime(time),
        id: String::new(), // given where its place among others is known
        rule: rule.to_owned(),
        state: State::Clear,
        severity,
        kind: kind.to_owned(),
        key: format!("storm {}", iso8601(begun)),
        code: "storm".to_owned(),
        args: String::new(),
        title: String::new(),
        message: String::new(),
        texts: None,
        value: None,
        baseline: None,
        baseline_time: None,
        threshold: None,
        unit: None,
        evidence: "[]".to_owned(),
        link: None,
    }
}

/// Puts in what is said of so many more keys.
fn texts(alert: &mut Alert, kind: &str, count: usize, within: &str, keys: &str) {
    let english = match within {
        "" => format!("{kind}: {count} more, all over"),
        _ if count == 1 => format!("{kind}: {keys}"),
        within => format!("{kind}: {count} more within {within}"),
    };
    let japanese = match within {
        "" => format!("{kind} ほか{count}件 すべて解消"),
        _ if count == 1 => format!("{kind} {keys}"),
        within => format!("{kind} {within}以内にほか{count}件"),
    };
    let mut all = Map::new();
    for (language, title) in [("ja", &japanese), ("en", &english)] {
        all.insert(
            language.to_owned(),
            json!({ "title": title, "message": keys }),
        );
    }
    alert.args = json!({ "kind": kind, "count": count }).to_string();
    alert.texts = Some(Value::Object(all).to_string());
    (alert.title, alert.message) = (english, keys.to_owned());
    alert.value = u32::try_from(count).ok().map(f64::from);
}

impl Storm {
    /// An alert with the members as they are.
    fn told(&self, mut alert: Alert, within: i64) -> Alert {
        let keys: Vec<&str> = self.members.iter().map(|m| m.key.as_str()).collect();
        let mut named = keys[..keys.len().min(KEYS)].join(", ");
        if self.count > KEYS {
            named.push_str(", …");
        }
        let kind = alert.kind.clone();
        texts(
            &mut alert,
            &kind,
            self.count,
            &duration_text(within),
            &named,
        );
        let first: Vec<&&str> = keys.iter().take(KEYS).collect();
        alert.args = json!({ "kind": kind, "count": self.count, "keys": first }).to_string();
        let member = |member: &Member| json!({ "name": member.key, "value": member.value, "time": iso8601(member.time) });
        let members: Vec<Value> = self.members.iter().map(member).collect();
        alert.evidence = Value::Array(members).to_string();
        alert
    }
}
