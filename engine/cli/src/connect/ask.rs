//! Questions: answered beforehand, by what is proposed, or at the terminal, a line each. Secrets
//! are never asked for, only the names of the variables that hold them.

use std::io::BufRead as _;

use clap::ValueEnum;

use crate::failure::Failure;
use crate::voice::Voice;

/// The language of questions and reports.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Lang {
    /// Japanese
    Ja,
    /// English
    En,
}

/// Asks.
pub(crate) struct Asker<'a> {
    answers: Vec<(String, String)>,
    used: Vec<String>,
    yes: bool,
    lang: Lang,
    voice: &'a Voice,
}

impl<'a> Asker<'a> {
    pub(crate) fn new(
        answers: &[(String, String)],
        yes: bool,
        lang: Option<Lang>,
        voice: &'a Voice,
    ) -> Self {
        let set = |name| std::env::var(name).ok().filter(|v| !v.is_empty());
        let system = set("LC_ALL").or_else(|| set("LANG"));
        let japanese = system.is_some_and(|lang| lang.starts_with("ja"));
        let system = if japanese { Lang::Ja } else { Lang::En };
        Self {
            answers: answers.to_vec(),
            used: Vec::new(),
            yes,
            lang: lang.unwrap_or(system),
            voice,
        }
    }

    /// A text in the user's language.
    pub(crate) fn say(&self, ja: &str, en: &str) -> String {
        match self.lang {
            Lang::Ja => ja.to_owned(),
            Lang::En => en.to_owned(),
        }
    }

    /// Tells the user something, a line.
    pub(crate) fn tell(&self, ja: &str, en: &str) -> Result<(), Failure> {
        self.voice.print(&format!("{}\n", self.say(ja, en)))
    }

    /// Asks for `name`; an empty line takes what is proposed.
    pub(crate) fn ask(
        &mut self,
        name: &str,
        ja: &str,
        en: &str,
        proposed: Option<&str>,
    ) -> Result<String, Failure> {
        self.used.push(name.to_owned());
        if let Some((_, value)) = self.answers.iter().rev().find(|(n, _)| n == name) {
            return Ok(value.clone());
        }
        let missing = || Failure::User(format!("`{name}` has no answer: --answer {name}=…"));
        if self.yes {
            return proposed.map(str::to_owned).ok_or_else(missing);
        }
        let question = self.say(ja, en);
        let shown = proposed.map_or(String::new(), |p| format!(" [{p}]"));
        loop {
            self.voice.print(&format!("{question}{shown}: "))?;
            let mut line = String::new();
            let read = std::io::stdin().lock().read_line(&mut line);
            let read = read.map_err(|e| Failure::Outside(format!("standard input: {e}")))?;
            if read == 0 {
                return Err(missing());
            }
            match (line.trim(), proposed) {
                ("", Some(proposed)) => return Ok(proposed.to_owned()),
                ("", None) => {}
                (answer, _) => return Ok(answer.to_owned()),
            }
        }
    }

    /// Asks for `name` until the answer can be read. What was answered beforehand, or proposed to
    /// whoever wants no questions, is not asked for again.
    ///
    /// # Errors
    /// The user's of `read` where nobody can answer again; all others of it.
    pub(crate) fn ask_for<T>(
        &mut self,
        name: &str,
        words: (&str, &str),
        proposed: Option<&str>,
        read: impl Fn(&Self, &str) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let given = self.yes || self.answers.iter().any(|(n, _)| n == name);
        loop {
            let answer = self.ask(name, words.0, words.1, proposed)?;
            match read(self, &answer) {
                Err(Failure::User(message)) if !given => {
                    self.voice.print(&format!("{message}\n"))?
                }
                read => return read,
            }
        }
    }

    /// Asks whether to; no is proposed.
    pub(crate) fn agrees(&mut self, name: &str, ja: &str, en: &str) -> Result<bool, Failure> {
        let answer = self.ask(name, ja, en, Some("n"))?;
        Ok(["y", "yes", "はい"].contains(&answer.to_lowercase().as_str()))
    }

    /// The name of the environment variable that holds a secret, which must be set.
    pub(crate) fn variable(
        &mut self,
        what: (&str, &str),
        proposed: &str,
    ) -> Result<(String, String), Failure> {
        let ja = format!("{}が入っている環境変数の名前(値は書かれません)", what.0);
        let en = format!(
            "the environment variable that holds {} (its value is never written)",
            what.1
        );
        let read = |asker: &Self, name: &str| {
            let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if name.chars().all(word) && !name.starts_with(|c: char| c.is_ascii_digit()) {
                return Ok(name.to_owned());
            }
            // Not said back: it may be the secret itself.
            Err(Failure::User(asker.say(
                "環境変数の名前を答えてください。値そのものではありません",
                "expected the name of an environment variable, not its value",
            )))
        };
        let name = self.ask_for("variable", (&ja, &en), Some(proposed), read)?;
        let value = std::env::var(&name).ok().filter(|v| !v.is_empty());
        let value = value.ok_or_else(|| {
            Failure::User(self.say(
                &format!("環境変数 {name} がありません。export {name}=… としてから、もう一度実行してください"),
                &format!("{name} is not set: export {name}=…, then run this again"),
            ))
        })?;
        self.voice.hide(std::slice::from_ref(&value));
        Ok((name, value))
    }

    /// Each answer that was given must have been asked for; those about writing come later.
    pub(crate) fn all_used(&self) -> Result<(), Failure> {
        let later = |name: &String| name == "overwrite" || self.used.contains(name);
        match self.answers.iter().find(|(name, _)| !later(name)) {
            None => Ok(()),
            Some((name, _)) => Err(Failure::User(format!(
                "nothing asks for `{name}`; asked were {}",
                self.used.join(", ")
            ))),
        }
    }
}
