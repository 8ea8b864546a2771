//! The checked plan: every name resolved, every schema known, every query planned. All mistakes
//! are found in one pass, each at its place; a node with a mistake is left out, and what reads it
//! is not blamed for that.

mod alerts;

mod calendar;

mod sources;

mod nodes;

mod sinks;

mod doors;

mod places;

pub(crate) mod mistakes;

mod pruning;

mod readers;

mod rules;

mod written;

mod sent;

mod warnings;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use chrono_tz::Tz;
use datafusion::logical_expr::AggregateUDF;
use zaraba_alerts::live::Origin;
use zaraba_config::document::{Document, LimitsDoc, SinkDoc, SourceDoc, TestDoc};
use zaraba_core::diagnostic::Diagnostics;
use zaraba_core::stream::StreamSchema;
use zaraba_finance::calendar::Calendar;
use zaraba_sql::plan::catalog::Catalog;
use zaraba_sql::plan::stage::PlannedNode;
use zaraba_sql::table::reader::TableShape;

use crate::rules::find::Plugins;
use crate::rules::work::RuleWork;

pub(crate) use crate::plan::alerts::of_all as alerts_of;
pub use crate::plan::readers::Param;
pub(crate) use crate::plan::sinks::DELETED;

/// A source, checked.
#[derive(Clone, Debug)]
pub struct PlannedSource {
    /// What the file says.
    pub doc: SourceDoc,
    /// Its place among the sources.
    pub ordinal: u8,
    /// The columns that it hands over: those that somebody reads.
    pub schema: StreamSchema,
    /// Their names; none: all.
    pub needed: Option<Vec<String>>,
}

/// A pipeline, checked.
#[derive(Clone)]
pub struct PipelinePlan {
    /// Its name.
    pub name: String,
    /// Its time zone.
    pub zone: Tz,
    /// Its sources.
    pub sources: Vec<PlannedSource>,
    /// Its tables and queries, each behind those that it reads.
    pub nodes: Vec<PlannedNode>,
    /// Its sinks.
    pub sinks: Vec<SinkDoc>,
    /// Every stream by name, side streams included.
    pub streams: BTreeMap<String, StreamSchema>,
    /// Its tests.
    pub tests: Vec<TestDoc>,
    /// Its parameters.
    pub params: Vec<Param>,
    /// What SQL can name, for queries beside the pipeline.
    pub catalog: Catalog,
    /// What its alerts are made of, by name.
    pub(crate) alerts: BTreeMap<String, Arc<Origin>>,
    /// What its rules are made of, by name.
    pub(crate) rules: BTreeMap<String, Arc<RuleWork>>,
    /// Its exchange calendar.
    pub calendar: Calendar,
    /// Its limits.
    pub limits: LimitsDoc,
    /// What is no mistake, and most likely not meant.
    pub warnings: Diagnostics,
    /// Values from the environment, which no output may show.
    pub secrets: Vec<String>,
}

/// What the embedding program adds to SQL, and where it has its plugins.
#[derive(Clone, Debug, Default)]
pub struct Extensions {
    /// User-defined aggregates.
    pub aggregates: Vec<Arc<AggregateUDF>>,
    /// The folder in which plugins are looked for first.
    pub plugins: Option<PathBuf>,
}

/// Checks a document. The plan is given only if there is no mistake.
#[must_use]
pub fn plan(document: &Document, extensions: &Extensions) -> (Option<PipelinePlan>, Diagnostics) {
    let plugins = Plugins::new(extensions.plugins.as_deref(), &document.dir);
    let mut first = Planning::new(document, extensions, &plugins, None);
    first.run();
    if !first.mistakes.is_empty() {
        let mut mistakes = first.mistakes;
        mistakes.sort();
        return (None, mistakes);
    }
    // Once more, told which columns somebody reads: what is not needed is not read.
    let needed = pruning::needed(&first);
    let mut second = Planning::new(document, extensions, &plugins, Some(needed));
    second.run();
    let mut mistakes = std::mem::take(&mut second.mistakes);
    mistakes.sort();
    let plan = mistakes.is_empty().then(|| second.finish());
    (plan, mistakes)
}

/// One pass over a document.
pub(crate) struct Planning<'a> {
    pub(crate) document: &'a Document,
    pub(crate) plugins: &'a Plugins,
    pub(crate) alerts: BTreeMap<String, Arc<Origin>>,
    pub(crate) rules: BTreeMap<String, Arc<RuleWork>>,
    /// Columns wanted of each source; none in the first pass.
    pub(crate) needed: Option<BTreeMap<String, Option<Vec<String>>>>,
    pub(crate) catalog: Catalog,
    pub(crate) sources: Vec<PlannedSource>,
    pub(crate) nodes: Vec<PlannedNode>,
    pub(crate) streams: BTreeMap<String, StreamSchema>,
    /// Tables and upsert streams, as readers need to know them.
    pub(crate) shapes: BTreeMap<String, TableShape>,
    /// Nodes with a mistake.
    pub(crate) broken: BTreeSet<String>,
    pub(crate) mistakes: Diagnostics,
}

impl<'a> Planning<'a> {
    fn new(
        document: &'a Document,
        extensions: &Extensions,
        plugins: &'a Plugins,
        needed: Option<BTreeMap<String, Option<Vec<String>>>>,
    ) -> Self {
        let mut mistakes = Diagnostics::default();
        let calendar = calendar::calendar(&document.calendar, &mut mistakes);
        Self {
            document,
            plugins,
            alerts: BTreeMap::new(),
            rules: BTreeMap::new(),
            needed,
            catalog: Catalog::new(
                document.timezone.value.name(),
                day_offset(document.timezone.value),
                &calendar,
                &extensions.aggregates,
            ),
            sources: Vec::new(),
            nodes: Vec::new(),
            streams: BTreeMap::new(),
            shapes: BTreeMap::new(),
            broken: document.broken.clone(),
            mistakes,
        }
    }

    fn run(&mut self) {
        self.plan_sources();
        self.plan_nodes();
        self.check_sinks();
        self.check_addresses();
        self.check_tests();
    }

    fn finish(self) -> PipelinePlan {
        PipelinePlan {
            warnings: warnings::warnings(&self),
            params: readers::params(self.document),
            name: self.document.name.clone(),
            zone: self.document.timezone.value,
            sources: self.sources,
            nodes: self.nodes,
            sinks: self.document.sinks.clone(),
            streams: self.streams,
            tests: self.document.tests.clone(),
            alerts: self.alerts,
            rules: self.rules,
            calendar: self.catalog.calendar.clone(),
            limits: self.document.limits.clone(),
            secrets: self.document.secrets.clone(),
            catalog: self.catalog,
        }
    }

    /// Adds a stream to what SQL can name.
    pub(crate) fn add_stream(&mut self, name: &str, schema: StreamSchema, table: bool) {
        self.catalog.add(name, schema.clone(), table);
        self.streams.insert(name.to_owned(), schema);
    }

    /// Whether a name is, or belongs to, a node with a mistake of its own.
    pub(crate) fn is_broken(&self, stream: &str) -> bool {
        let node = stream.split("__").next().unwrap_or(stream);
        self.broken.contains(node)
    }
}

/// How much later (or, negative, earlier) than in UTC a day of the zone begins, microseconds; none
/// where the zone has had summer time since 2000.
fn day_offset(zone: Tz) -> Option<i64> {
    use chrono::{Offset as _, TimeZone as _};
    let at = |year: i32, month: u32| {
        let date = chrono::NaiveDate::from_ymd_opt(year, month, 1)?.and_hms_opt(0, 0, 0)?;
        Some(zone.offset_from_utc_datetime(&date).fix().local_minus_utc())
    };
    let first = at(2000, 1)?;
    let months = (2000..2027).flat_map(|y| (1..=12).map(move |m| (y, m)));
    let fixed = months
        .filter_map(|(y, m)| at(y, m))
        .all(|offset| offset == first);
    fixed.then(|| -i64::from(first) * zaraba_core::time::SECOND)
}
