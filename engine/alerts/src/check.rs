//! A declared alert, checked: its SQL becomes steps over the stream's rows, planned as a streaming
//! query is, so that everything that SQL refuses is refused here, at its place. `plan` makes a node
//! of it; `live` asks again whenever something of it changes.

use std::sync::Arc;

use arrow::datatypes::{DataType, Schema};
use chrono_tz::Tz;
use zaraba_config::document::{AlertDoc, SeverityDoc, Text, Value};
use zaraba_core::alert::Severity;
use zaraba_core::stream::{Changelog, StreamSchema};
use zaraba_sql::plan::catalog::Catalog;
use zaraba_sql::plan::mistake::SqlMistake;
use zaraba_sql::plan::parse::{moved, parse, parse_condition};
use zaraba_sql::plan::stage::{Input, PlannedNode, Stage, Work};
use zaraba_sql::plan::streaming;
use zaraba_sql::plan::triggered::key_columns;

use crate::declared::{Declared, working};
use crate::machine::Times;
use crate::mistake::{Mistake, Place};
use crate::template::Templates;
use crate::told::Teller;

/// Said of what looks at several rows, and a way out.
const ONE_ROW: &str = "an alert looks at one row at a time";
const ONE_ROW_HELP: &str = "compute it in a query, and let the alert read that";

/// What an alert is planned with.
pub struct Around<'a> {
    /// The pipeline's parameters.
    pub params: &'a [(String, Value)],
    /// What its SQL can name.
    pub catalog: &'a Catalog,
    /// In which zone times are told.
    pub zone: Tz,
}

/// What an alert does, and what of its stream it reads.
///
/// # Errors
/// All that is wrong with it.
pub(crate) fn declared(
    doc: &AlertDoc,
    around: &Around<'_>,
) -> Result<(Vec<Input>, Declared), Vec<Mistake>> {
    // As SQL sees it: columns that a source does not hand over count, too.
    let Some(source) = around.catalog.get(&doc.from.value) else {
        let mistake = SqlMistake::new(format!("no stream `{}`", doc.from.value));
        let place = Place::At(doc.from.span);
        return Err(vec![Mistake { place, mistake }]);
    };
    let input = &source.schema;
    let mut planning = Planning::new(doc, input, around);
    let evidence = planning.check_sql();
    let keys = planning.keys();
    let templates = planning.templates();
    let (Some(templates), true) = (templates, planning.mistakes.is_empty()) else {
        return Err(planning.mistakes);
    };
    let wanted = Columns::new(&input.columns, &keys, &templates, &evidence);
    let (inputs, declared) = planning
        .declared(&wanted, templates)
        .map_err(|mistake| vec![Mistake::within(&doc.when, mistake)])?;
    Ok((inputs, declared))
}

/// The columns that an alert keeps of a row, by their place in the stream: in that order, and the
/// places of keys and evidence among them.
struct Columns {
    all: Vec<usize>,
    keys: Vec<usize>,
    evidence: Vec<usize>,
}

impl Columns {
    fn new(schema: &Schema, keys: &[usize], templates: &Templates, evidence: &[usize]) -> Self {
        let named = templates.columns.iter();
        let named = named.filter_map(|name| schema.index_of(name).ok());
        let mut all: Vec<usize> = keys.iter().chain(evidence).copied().chain(named).collect();
        all.sort_unstable();
        all.dedup();
        let place = |column: &usize| all.iter().position(|other| other == column);
        let rests_on = evidence.iter().filter(|column| !keys.contains(column));
        Self {
            keys: keys.iter().filter_map(place).collect(),
            evidence: rests_on.filter_map(place).collect(),
            all,
        }
    }
}

struct Planning<'a> {
    doc: &'a AlertDoc,
    input: &'a StreamSchema,
    around: &'a Around<'a>,
    /// The stream as one of facts: an alert watches rows as they come.
    catalog: Catalog,
    mistakes: Vec<Mistake>,
}

impl<'a> Planning<'a> {
    fn new(doc: &'a AlertDoc, input: &'a StreamSchema, around: &'a Around<'a>) -> Self {
        let mut catalog = around.catalog.clone();
        let from = &doc.from.value;
        if catalog.get(from).is_some_and(|source| source.table) {
            let facts = StreamSchema {
                changelog: Changelog::Append,
                ..input.clone()
            };
            catalog.add(from, facts, false);
        }
        Self {
            doc,
            input,
            around,
            catalog,
            mistakes: Vec::new(),
        }
    }

    fn query(&self, sql: &str) -> Result<PlannedNode, SqlMistake> {
        let parsed = parse(sql, self.around.params).map_err(first)?;
        streaming::plan(&self.doc.name.value, &parsed, &self.catalog)
    }

    /// Checks all SQL, each on its own, so that every mistake is told at its place; the columns
    /// that `when` reads.
    fn check_sql(&mut self) -> Vec<usize> {
        let doc = self.doc;
        let mut read = Vec::new();
        for (option, text) in doc.sql() {
            let checked = match option {
                "value" | "threshold" => self.figure(option, &text.value),
                _ => self.condition(&text.value),
            };
            match checked {
                Ok(columns) if option == "when" => read = columns,
                Ok(_) => {}
                Err(mistake) => self.mistakes.push(Mistake::within(text, mistake)),
            }
        }
        read
    }

    /// The columns that a condition reads.
    fn condition(&self, condition: &str) -> Result<Vec<usize>, SqlMistake> {
        let from = &self.doc.from.value;
        let before = format!("SELECT * FROM {from} WHERE ").len();
        parse_condition(condition, from, self.around.params).map_err(first)?;
        let whole = format!("SELECT * FROM {from} WHERE {condition}");
        let parsed = parse(&whole, self.around.params).map_err(first)?;
        let planned = streaming::plan(&self.doc.name.value, &parsed, &self.catalog);
        self.of_a_row(&planned.map_err(|mistake| of_one_row(moved(mistake, before)))?)?;
        let short = self.query(&format!("SELECT 1 AS one FROM {from} WHERE {condition}"));
        Ok(columns_read(&short?, self.input.columns.fields().len()))
    }

    /// A figure is a number.
    fn figure(&self, option: &str, expression: &str) -> Result<Vec<usize>, SqlMistake> {
        let from = &self.doc.from.value;
        // As a condition first: what stands in parentheses there, stands so here.
        let before = format!("SELECT * FROM {from} WHERE ").len();
        let test = format!("SELECT * FROM {from} WHERE {expression}\n IS NOT NULL");
        let parsed = parse(&test, self.around.params);
        parsed.map_err(|mistakes| moved(first(mistakes), before))?;
        let before = "SELECT ".len();
        let planned = self.query(&format!("SELECT {expression}\n AS figure FROM {from}"));
        let planned = planned.map_err(|mistake| of_one_row(moved(mistake, before)))?;
        self.of_a_row(&planned)?;
        let kind = planned.output.columns.field(0).data_type().clone();
        if kind.is_numeric() || kind == DataType::Null {
            return Ok(Vec::new());
        }
        let kind = match kind {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text".to_owned(),
            other => other.to_string().to_lowercase(),
        };
        Err(SqlMistake::new(format!(
            "`{option}` is a number, this is of type {kind}"
        )))
    }

    /// Refuses what looks at more than one row.
    fn of_a_row(&self, planned: &PlannedNode) -> Result<(), SqlMistake> {
        if let [Stage { work, .. }] = planned.stages.as_slice()
            && matches!(work, Work::PassThrough(_))
        {
            return Ok(());
        }
        Err(SqlMistake::new(ONE_ROW).help(ONE_ROW_HELP))
    }

    /// The key's columns.
    fn keys(&mut self) -> Vec<usize> {
        let schema = &self.input.columns;
        let Some(key) = &self.doc.key else {
            return match &self.input.changelog {
                Changelog::Append => Vec::new(),
                Changelog::Upsert { key } => key_columns(key, schema).unwrap_or_default(),
            };
        };
        let mut found = Vec::new();
        for column in key {
            match key_columns(std::slice::from_ref(&column.value), schema) {
                Ok(one) => found.extend(one),
                Err(mistake) => self.mistakes.push(Mistake {
                    place: Place::At(column.span),
                    mistake,
                }),
            }
        }
        found
    }

    fn templates(&mut self) -> Option<Templates> {
        match Templates::new(self.doc, &self.input.columns) {
            Ok(templates) => Some(templates),
            Err(mistakes) => {
                self.mistakes.extend(mistakes);
                None
            }
        }
    }

    /// One query that computes all that the alert needs of a row.
    fn declared(
        &self,
        wanted: &Columns,
        templates: Templates,
    ) -> Result<(Vec<Input>, Declared), SqlMistake> {
        let doc = self.doc;
        let (severities, always): (&[(Severity, Text)], _) = match &doc.severity {
            SeverityDoc::Always(one) => (&[], Some(*one)),
            SeverityDoc::First(conditions) => (conditions, None),
        };
        let field = |i: &usize| self.input.columns.field(*i).name().replace('"', "\"\"");
        let mut select: Vec<String> = wanted
            .all
            .iter()
            .map(|i| format!("\"{}\"", field(i)))
            .collect();
        // Whatever has no type is null, which is not true.
        let condition = |text: &str| format!("CAST(({text}\n) AS BOOLEAN)");
        let clear = doc.clear.as_ref().map(|clear| condition(&clear.value));
        let mut computed = vec![condition(&doc.when.value)];
        computed.extend(clear);
        computed.extend(severities.iter().map(|(_, text)| condition(&text.value)));
        let figures = [&doc.value, &doc.threshold].into_iter().flatten();
        computed.extend(figures.map(|text| format!("CAST(({}\n) AS DOUBLE)", text.value)));
        let numbered = computed.iter().enumerate();
        select.extend(numbered.map(|(i, sql)| format!("{sql} AS __alert_{i}")));
        let from = &doc.from.value;
        let mut planned = self.query(&format!("SELECT {} FROM {from}", select.join(", ")))?;
        let stage = planned.stages.pop();
        let Some(Stage {
            inputs,
            work: Work::PassThrough(mut steps),
            schema,
        }) = stage.filter(|_| planned.stages.is_empty())
        else {
            return Err(SqlMistake::new(ONE_ROW));
        };
        let columns = wanted.all.len();
        let kept: Vec<usize> = (0..columns).collect();
        let kept = schema
            .project(&kept)
            .map_err(|e| SqlMistake::new(e.to_string()))?;
        let declared = Declared {
            name: doc.name.value.as_str().into(),
            steps: steps.pop().unwrap_or_default(),
            working: working(&kept),
            kept: Arc::new(kept),
            has_clear: doc.clear.is_some(),
            severities: severities.iter().map(|(of, _)| *of).collect(),
            always,
            has_value: doc.value.is_some(),
            has_threshold: doc.threshold.is_some(),
            keys: wanted.keys.clone(),
            times: Times {
                hold: doc.hold,
                cooldown: doc.storm.cooldown.unwrap_or(0),
                repeat: doc.repeat.unwrap_or(0),
            },
            teller: Arc::new(Teller {
                rule: doc.name.value.clone(),
                kind: doc.kind.clone().unwrap_or_else(|| doc.name.value.clone()),
                unit: doc.unit.clone(),
                templates,
                keys: wanted.keys.clone(),
                evidence: wanted.evidence.clone(),
                zone: self.around.zone,
            }),
        };
        Ok((inputs, declared))
    }
}

/// What SQL says of a query's rows, where there is no query.
fn of_one_row(mistake: SqlMistake) -> SqlMistake {
    let of_queries = [
        "aggregate functions are not allowed",
        "an aggregate over a stream without end",
        "rows are filtered before OVER",
    ];
    let message = mistake.message.as_str();
    if !of_queries.iter().any(|said| message.starts_with(said)) {
        return mistake;
    }
    let at = mistake.at;
    let mut mistake = SqlMistake::new(ONE_ROW).help(ONE_ROW_HELP);
    mistake.at = at;
    mistake
}

fn first(mistakes: Vec<SqlMistake>) -> SqlMistake {
    let mut mistakes = mistakes.into_iter();
    mistakes
        .next()
        .unwrap_or_else(|| SqlMistake::new("expected a condition"))
}

/// The columns of its stream that a query reads.
fn columns_read(planned: &PlannedNode, all: usize) -> Vec<usize> {
    match planned
        .stages
        .first()
        .and_then(|stage| stage.inputs.first())
    {
        Some(Input::Stream(_, Some(columns))) => columns.clone(),
        Some(Input::Stream(_, None)) => (0..all).collect(),
        _ => Vec::new(),
    }
}
