//! `--sweep NAME=V,V,…`: each value, and of several sweeps each combination.

use std::str::FromStr;

/// Most runs of one command.
const RUNS_MAX: usize = 200;

/// Names and values of one run.
pub(super) type Settings = Vec<(String, String)>;

/// A name and the values that it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sweep {
    pub(super) name: String,
    pub(super) values: Vec<String>,
}

impl FromStr for Sweep {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let (name, values) = text.split_once('=').ok_or("expected NAME=VALUE,VALUE,…")?;
        let values: Vec<String> = values.split(',').map(|v| v.trim().to_owned()).collect();
        if name.is_empty() || values.iter().any(String::is_empty) {
            return Err("expected NAME=VALUE,VALUE,…");
        }
        let name = name.to_owned();
        Ok(Self { name, values })
    }
}

/// Every combination, the last sweep changing first; of none the settings of the file.
///
/// # Errors
/// When they are too many, or one name is swept twice.
pub(super) fn combinations(sweeps: &[Sweep]) -> Result<Vec<Settings>, String> {
    let mut all = vec![Vec::new()];
    for (i, sweep) in sweeps.iter().enumerate() {
        if sweeps[..i].iter().any(|other| other.name == sweep.name) {
            return Err(format!("`{}` is swept twice", sweep.name));
        }
        let with = |settings: &Settings| -> Vec<Settings> {
            let one = |value: &String| {
                let own = (sweep.name.clone(), value.clone());
                settings.iter().cloned().chain([own]).collect()
            };
            sweep.values.iter().map(one).collect()
        };
        all = all.iter().flat_map(with).collect();
        if all.len() > RUNS_MAX {
            return Err(format!("more than {RUNS_MAX} combinations to run"));
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sweeps_multiply() {
        let sweeps: Vec<Sweep> = ["a=1,2", "b=x, y"].map(|s| s.parse().unwrap()).into();
        let texts = combinations(&sweeps).unwrap();
        let texts = texts.iter().map(|settings| {
            let words = settings
                .iter()
                .map(|(name, value)| format!("{name}{value}"));
            words.collect::<String>()
        });
        assert_eq!(texts.collect::<Vec<_>>(), ["a1bx", "a1by", "a2bx", "a2by"]);
        assert_eq!(combinations(&[]).unwrap(), [Vec::new()]);
        for wrong in ["a", "=1", "a=", "a=1,,2"] {
            assert!(wrong.parse::<Sweep>().is_err(), "{wrong}");
        }
        let twice: Vec<Sweep> = ["a=1", "a=2"].map(|s| s.parse().unwrap()).into();
        assert!(combinations(&twice).is_err());
        let many = "a=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15"
            .parse::<Sweep>()
            .unwrap();
        let other = Sweep {
            name: "b".into(),
            ..many.clone()
        };
        assert!(combinations(&[many, other]).is_err());
    }
}
