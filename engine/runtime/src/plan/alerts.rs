//! Declared alerts held against the pipeline, and the stream `alerts` of them and of all rules.

use zaraba_alerts::check::Around;
use zaraba_alerts::mistake::{Mistake, Place};
use zaraba_alerts::{all, plan};
use zaraba_config::document::{AlertDoc, Document};
use zaraba_core::diagnostic::Diagnostic;
use zaraba_sql::plan::mistake::SqlMistake;
use zaraba_sql::plan::parse::Parsed;
use zaraba_sql::plan::stage::PlannedNode;

use crate::plan::{Planning, places};

/// The nodes whose alerts `alerts` is made of, in the file's order: alerts, then rules.
pub(crate) fn of_all(document: &Document) -> Vec<String> {
    let alerts = document.alerts.iter().map(|alert| &alert.name);
    let rules = document.rules.iter().map(|rule| &rule.name);
    let names = alerts.chain(rules).map(|name| name.value.clone());
    names.collect()
}

/// What is said where `alerts` is read and there are none.
pub(super) const NONE: (&str, &str) = (
    "`alerts` is the stream of all alerts and rules, and the pipeline has neither",
    "declare `[alert.NAME]` with `from` and `when`, or `[rule.NAME]` with a plugin",
);

impl Planning<'_> {
    /// Plans an alert; every mistake that it has.
    pub(super) fn alert(&mut self, doc: &AlertDoc) -> Result<PlannedNode, Vec<Diagnostic>> {
        if !self.streams.contains_key(&doc.from.value) {
            return Err(vec![self.no_stream(&doc.from)]);
        }
        let around = Around {
            params: &self.params(),
            catalog: &self.catalog,
            zone: self.document.timezone.value,
        };
        let planned = plan::plan(doc, &around)
            .map_err(|mistakes| mistakes.iter().map(diagnostic).collect::<Vec<_>>())?;
        self.alerts.insert(doc.name.value.clone(), planned.origin);
        Ok(planned.node)
    }

    /// Whether there is nothing that `alerts` could be made of.
    pub(super) fn no_alerts(&mut self) -> bool {
        let none = of_all(self.document).is_empty();
        if none && !self.document.broken.is_empty() {
            // It may be an alert that is broken: then who reads `alerts` is not to blame.
            self.broken.insert(all::NAME.to_owned());
        }
        none
    }

    /// Refuses a query over `alerts` where there are none.
    pub(super) fn reads_no_alerts(&self, parsed: &Parsed) -> Option<SqlMistake> {
        let reads = parsed.reads.contains(all::NAME) && !self.is_broken(all::NAME);
        let none = reads && !self.streams.contains_key(all::NAME);
        none.then(|| {
            let mistake = SqlMistake::new(NONE.0).help(NONE.1);
            mistake.at_word(&parsed.sql, all::NAME)
        })
    }
}

fn diagnostic(mistake: &Mistake) -> Diagnostic {
    match &mistake.place {
        Place::Within(text) => places::in_text(&mistake.mistake, text),
        Place::At(span) => places::at(&mistake.mistake, *span),
    }
}
