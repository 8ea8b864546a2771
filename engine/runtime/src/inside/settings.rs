//! Parameters, and options of alerts and rules (`NODE.OPTION`), changed while the pipeline runs. A node whose answer must be what a batch gives
//! cannot take another value on the way: a batch has one value for all rows. Those that can say so
//! ([`Settable`]) when they are wired; a parameter changes only if all that read it can, and
//! several change together or not at all.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use zaraba_config::document::Value;
use zaraba_config::params::{parse, shown};
use zaraba_core::suggest::hint;
use zaraba_sinks::inside::{Changed, NotSet, Setting};

use crate::plan::Param;

pub use zaraba_alerts::live::Wanted;

/// New values of parameters, by name.
pub type Values = [(String, Value)];

/// A node that can take other values of its parameters, or of options of its own, between two rows.
pub trait Settable: Send + Sync {
    /// Its options that can change, and their values now.
    fn options(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// Whether it can take these, before anybody has taken any.
    ///
    /// # Errors
    /// What is wrong with them.
    fn check(&self, wanted: Wanted<'_>) -> Result<(), String>;

    /// Takes them from its next row on.
    fn take(&self, wanted: Wanted<'_>);
}

/// What a node is to take.
struct Taken {
    taker: Arc<dyn Settable>,
    params: Vec<(String, Value)>,
    options: Vec<(String, String)>,
    /// What was asked for first of it.
    named: String,
}

impl Taken {
    fn wanted(&self) -> Wanted<'_> {
        Wanted {
            params: &self.params,
            options: &self.options,
        }
    }
}

/// The parameters of a pipeline that runs.
pub(crate) struct Settings {
    params: Mutex<Vec<Param>>,
    /// Nodes that can take other values.
    takers: Mutex<BTreeMap<String, Arc<dyn Settable>>>,
}

impl Settings {
    pub(crate) fn new(params: &[Param]) -> Self {
        Self {
            params: Mutex::new(params.to_vec()),
            takers: Mutex::default(),
        }
    }

    /// A node says that it can take other values of the parameters that it reads. For whoever
    /// wires nodes of such a kind: alerts and rules.
    pub(crate) fn register(&self, node: &str, taker: Arc<dyn Settable>) {
        let mut takers = self.takers.lock().unwrap_or_else(PoisonError::into_inner);
        takers.insert(node.to_owned(), taker);
    }

    /// The values now, for SQL that somebody asks: none with a secret, which could be read out.
    pub(crate) fn values(&self, secrets: &[String]) -> Vec<(String, Value)> {
        let params = self.params();
        let open = |value: &Value| match value {
            Value::Text(text) => !secrets.iter().any(|secret| text.contains(secret.as_str())),
            _ => true,
        };
        params
            .iter()
            .filter(|p| open(&p.value))
            .map(|p| (p.name.clone(), p.value.clone()))
            .collect()
    }

    /// All parameters, and why those are fixed that are; then all options that can change.
    pub(crate) fn all(&self) -> Vec<Setting> {
        let params = self.params();
        let setting = |param: &Param| Setting {
            name: param.name.clone(),
            value: shown(&param.value),
            readers: param.readers.clone(),
            fixed: self.fixed(param),
        };
        let mut all: Vec<Setting> = params.iter().map(setting).collect();
        for (node, taker) in self.takers().iter() {
            all.extend(taker.options().into_iter().map(|(option, value)| Setting {
                name: format!("{node}.{option}"),
                value,
                readers: vec![node.clone()],
                fixed: None,
            }));
        }
        all
    }

    /// Gives parameters and options new values: all of them, or none.
    pub(crate) fn set(&self, changes: &[(String, String)]) -> Result<Vec<Changed>, Vec<NotSet>> {
        // Held to the end: of two who change at one time one is second.
        let mut params = self.params();
        let mut wrong = Vec::new();
        let mut values: Vec<(usize, Value)> = Vec::new();
        let mut options: Vec<(&str, &str, &str)> = Vec::new();
        for (name, text) in changes {
            match name.split_once('.') {
                Some((node, option)) => match self.node(name, node) {
                    Ok(()) => options.push((node, option, text)),
                    Err(not) => wrong.push(not),
                },
                None => match self.change(&params, name, text) {
                    Ok(change) => values.push(change),
                    Err(not) => wrong.push(not),
                },
            }
        }
        let taken = self.taken(&params, &values, &options);
        for (node, taken) in &taken {
            if let Err(reason) = taken.taker.check(taken.wanted()) {
                wrong.push(NotSet {
                    name: taken.named.clone(),
                    unknown: true,
                    reason: format!("`{node}` cannot take it: {reason}"),
                });
            }
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let value_of = |node: &str, option: &str| {
            let all = taken.get(node).map(|taken| taken.taker.options());
            let found = all.into_iter().flatten().find(|(name, _)| *name == option);
            found.map_or_else(String::new, |(_, value)| value)
        };
        let before: Vec<String> = options.iter().map(|(n, o, _)| value_of(n, o)).collect();
        for taken in taken.values() {
            taken.taker.take(taken.wanted());
        }
        let changed = values.into_iter().map(|(i, value)| Changed {
            name: params[i].name.clone(),
            to: shown(&value),
            from: shown(&std::mem::replace(&mut params[i].value, value)),
        });
        let of_nodes = options.iter().zip(before);
        let of_nodes = of_nodes.map(|((node, option, _), from)| Changed {
            name: format!("{node}.{option}"),
            from,
            to: value_of(node, option),
        });
        Ok(changed.chain(of_nodes).collect())
    }

    /// What each node is to take.
    fn taken(
        &self,
        params: &[Param],
        values: &[(usize, Value)],
        options: &[(&str, &str, &str)],
    ) -> BTreeMap<String, Taken> {
        let mut all = BTreeMap::new();
        for (node, taker) in self.takers().iter() {
            let read = values
                .iter()
                .filter(|(i, _)| params[*i].readers.contains(node));
            let read: Vec<(String, Value)> = read
                .map(|(i, value)| (params[*i].name.clone(), value.clone()))
                .collect();
            let own = options.iter().filter(|(of, ..)| of == node);
            let own: Vec<(String, String)> = own
                .map(|(_, option, text)| ((*option).to_owned(), (*text).to_owned()))
                .collect();
            let named = own.first().map(|(option, _)| format!("{node}.{option}"));
            let named = named.or_else(|| read.first().map(|(name, _)| name.clone()));
            let Some(named) = named else { continue };
            let taken = Taken {
                taker: Arc::clone(taker),
                params: read,
                options: own,
                named,
            };
            all.insert(node.clone(), taken);
        }
        all
    }

    /// Whether options of a node can change at all.
    fn node(&self, name: &str, node: &str) -> Result<(), NotSet> {
        let takers = self.takers();
        if takers.contains_key(node) {
            return Ok(());
        }
        let hint = hint(node, takers.keys().map(String::as_str));
        let there = match takers.keys().cloned().collect::<Vec<_>>().join(", ") {
            none if none.is_empty() => "the pipeline has none".to_owned(),
            names => format!("there are {names}"),
        };
        Err(NotSet {
            name: name.to_owned(),
            unknown: true,
            reason: format!(
                "{name}: `{node}` is no alert and no rule{hint}, and of other nodes nothing changes \
                 while the pipeline runs: {there}"
            ),
        })
    }

    /// The parameter of this name and the value of this text, if it may have it.
    fn change(&self, params: &[Param], name: &str, text: &str) -> Result<(usize, Value), NotSet> {
        let not = |unknown: bool, reason: String| NotSet {
            name: name.to_owned(),
            unknown,
            reason,
        };
        let Some(at) = params.iter().position(|p| p.name == name) else {
            let names: Vec<&str> = params.iter().map(|p| p.name.as_str()).collect();
            let there = if names.is_empty() {
                "the pipeline has none".to_owned()
            } else {
                format!("there are {}", names.join(", "))
            };
            let hint = hint(name, names);
            return Err(not(true, format!("no parameter `{name}`{hint}: {there}")));
        };
        let value = parse(text, &params[at].value)
            .map_err(|expected| not(true, format!("{name}: expected {expected}, got `{text}`")))?;
        match self.fixed(&params[at]) {
            Some(reason) => Err(not(
                false,
                format!("{reason}: restart with --set {name}={text}"),
            )),
            None => Ok((at, value)),
        }
    }

    /// Why a parameter cannot change while the pipeline runs; none: it can.
    fn fixed(&self, param: &Param) -> Option<String> {
        let name = &param.name;
        if param.readers.is_empty() {
            return Some(format!(
                "{name} is read by no query; what else may read it, a path or an address, is \
                 opened at the start"
            ));
        }
        let takers = self.takers();
        let fixed = param
            .readers
            .iter()
            .filter(|node| !takers.contains_key(*node));
        let fixed: Vec<String> = fixed.map(|node| format!("`{node}`")).collect();
        match fixed.as_slice() {
            [] => None,
            [one] => Some(format!(
                "{name} is read by {one}, whose answer must be what a batch gives"
            )),
            several => Some(format!(
                "{name} is read by {}, whose answers must be what a batch gives",
                several.join(", ")
            )),
        }
    }

    fn params(&self) -> MutexGuard<'_, Vec<Param>> {
        self.params.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn takers(&self) -> MutexGuard<'_, BTreeMap<String, Arc<dyn Settable>>> {
        self.takers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes what is not negative.
    #[derive(Default)]
    struct Alert(Mutex<Vec<(String, Value)>>, Mutex<String>);

    impl Settable for Alert {
        fn options(&self) -> Vec<(&'static str, String)> {
            vec![("for", self.1.lock().unwrap().clone())]
        }

        fn check(&self, wanted: Wanted<'_>) -> Result<(), String> {
            if let Some((option, _)) = wanted.options.iter().find(|(o, _)| o != "for") {
                return Err(format!("no option {option}"));
            }
            let negative = |v: &Value| matches!(v, Value::Float(v) if *v < 0.0);
            match wanted.params.iter().find(|(_, v)| negative(v)) {
                Some((name, _)) => Err(format!("{name} is negative")),
                None => Ok(()),
            }
        }

        fn take(&self, wanted: Wanted<'_>) {
            self.0.lock().unwrap().extend_from_slice(wanted.params);
            if let Some((_, value)) = wanted.options.first() {
                value.clone_into(&mut self.1.lock().unwrap());
            }
        }
    }

    fn param(name: &str, value: Value, readers: &[&str]) -> Param {
        Param {
            name: name.to_owned(),
            value,
            readers: readers.iter().map(|r| (*r).to_owned()).collect(),
        }
    }

    fn settings() -> (Settings, Arc<Alert>) {
        let settings = Settings::new(&[
            param("high", Value::Float(1.3), &["alert"]),
            param("band", Value::Int(5), &["alert", "bars", "both"]),
            param("day", Value::Text("x".to_owned()), &[]),
        ]);
        let alert = Arc::new(Alert::default());
        settings.register("alert", Arc::clone(&alert) as Arc<dyn Settable>);
        (settings, alert)
    }

    fn set(settings: &Settings, changes: &[(&str, &str)]) -> Result<Vec<Changed>, Vec<String>> {
        let changes: Vec<(String, String)> = changes
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect();
        let refused = |all: Vec<NotSet>| all.into_iter().map(|not| not.reason).collect();
        settings.set(&changes).map_err(refused)
    }

    #[test]
    fn what_all_readers_can_take_is_taken() {
        let (settings, alert) = settings();
        let changed = set(&settings, &[("high", "1.5")]).unwrap();
        assert_eq!(
            (changed[0].from.as_str(), changed[0].to.as_str()),
            ("1.3", "1.5")
        );
        assert_eq!(
            *alert.0.lock().unwrap(),
            [("high".to_owned(), Value::Float(1.5))]
        );
        assert_eq!(settings.values(&[])[0].1, Value::Float(1.5));
        let fixed: Vec<bool> = settings.all().iter().map(|s| s.fixed.is_some()).collect();
        assert_eq!(fixed, [false, true, true, false]);
    }

    #[test]
    fn options_of_nodes_change_with_parameters_or_not_at_all() {
        let (settings, alert) = settings();
        for (changes, expected) in [
            (
                &[("alert.for", "5m"), ("high", "-1")][..],
                "`alert` cannot take it: high is negative",
            ),
            (
                &[("alert.wen", "5m")],
                "`alert` cannot take it: no option wen",
            ),
            (
                &[("high", "2"), ("bars.every", "5m")],
                "bars.every: `bars` is no alert and no rule, and of other nodes nothing changes \
                 while the pipeline runs: there are alert",
            ),
        ] {
            assert_eq!(set(&settings, changes), Err(vec![expected.to_owned()]));
        }
        assert!(alert.0.lock().unwrap().is_empty());
        set(&settings, &[("alert.for", "3m")]).unwrap();
        let changed = set(&settings, &[("alert.for", "5m"), ("high", "2")]).unwrap();
        let changed: Vec<String> = changed
            .iter()
            .map(|c| format!("{} {} {}", c.name, c.from, c.to))
            .collect();
        assert_eq!(changed, ["high 1.3 2", "alert.for 3m 5m"]);
        assert_eq!(settings.all()[3].name, "alert.for");
        assert_eq!(settings.all()[3].value, "5m");
    }

    #[test]
    fn the_answer_says_why_not_and_nothing_changes() {
        let (settings, alert) = settings();
        for (changes, expected) in [
            (
                &[("high", "2"), ("band", "6")][..],
                "band is read by `bars`, `both`, whose answers must be what a batch gives: restart \
                 with --set band=6",
            ),
            (
                &[("day", "y")],
                "day is read by no query; what else may read it, a path or an address, is opened \
                 at the start: restart with --set day=y",
            ),
            (
                &[("high", "-1")],
                "`alert` cannot take it: high is negative",
            ),
            (&[("high", "x")], "high: expected a number, got `x`"),
            (
                &[("hihg", "1")],
                "no parameter `hihg`; did you mean `high`?: there are high, band, day",
            ),
        ] {
            assert_eq!(set(&settings, changes), Err(vec![expected.to_owned()]));
        }
        assert!(alert.0.lock().unwrap().is_empty());
        assert_eq!(settings.values(&[])[0].1, Value::Float(1.3));
    }

    #[test]
    fn secrets_are_not_for_sql_from_outside() {
        let (settings, _) = settings();
        let names = |secrets: &[&str]| -> Vec<String> {
            let secrets: Vec<String> = secrets.iter().map(|s| (*s).to_owned()).collect();
            settings
                .values(&secrets)
                .into_iter()
                .map(|(n, _)| n)
                .collect()
        };
        assert_eq!(names(&["y"]), ["high", "band", "day"]);
        assert_eq!(names(&["y", "x"]), ["high", "band"]);
    }
}
