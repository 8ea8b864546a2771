//! What SQL can name: the streams and tables of the pipeline, and the functions of the session.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, SchemaRef};
use datafusion::common::{Result, TableReference};
use datafusion::config::ConfigOptions;
use datafusion::datasource::provider_as_source;
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::planner::{ContextProvider, ExprPlanner, RelationPlanner};
use datafusion::logical_expr::{
    AggregateUDF, HigherOrderUDF, ScalarUDF, TableSource, Volatility, WindowUDF,
};
use datafusion::prelude::SessionConfig;
use zaraba_core::stream::StreamSchema;
use zaraba_core::suggest;
use zaraba_finance::calendar::Calendar;

use crate::functions::QueryTime;
use crate::over::{counter_delta, indicator};
use crate::plan::mistake::{SqlMistake, there};
use crate::plan::window_call::WindowCalls;
use crate::required;
use crate::table::reader::TableShape;
use crate::triggered::scan::Slot;

/// A stream as SQL sees it.
#[derive(Clone, Debug)]
pub struct StreamSource {
    /// Its name.
    pub name: String,
    /// Its shape.
    pub schema: StreamSchema,
    /// Whether it is a table (or an upsert stream), read by triggered queries and by joins.
    pub table: bool,
    /// Where each column stands among those that are handed over; none: all are, in this order.
    pub places: Option<Vec<usize>>,
}

impl StreamSource {
    /// Where columns stand among those that are handed over.
    #[must_use]
    pub fn handed(&self, columns: &[usize]) -> Vec<usize> {
        match &self.places {
            Some(places) => columns.iter().map(|c| places[*c]).collect(),
            None => columns.to_vec(),
        }
    }
}

impl TableSource for StreamSource {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema.columns)
    }
}

/// The streams, tables and functions that queries of one pipeline can name.
#[derive(Clone)]
pub struct Catalog {
    streams: BTreeMap<String, Arc<StreamSource>>,
    /// Tables and upsert streams, as joins need to know them.
    shapes: BTreeMap<String, TableShape>,
    /// What triggered queries read in place of their tables.
    snapshots: BTreeMap<String, Arc<dyn TableSource>>,
    state: SessionState,
    planners: Vec<Arc<dyn RelationPlanner>>,
    /// Whose sessions and trading days.
    pub calendar: Calendar,
    /// The pipeline's time zone; none: UTC.
    pub zone: Option<Arc<str>>,
}

impl Catalog {
    /// No streams yet, DataFusion's functions, and user-defined aggregates. `day_offset`: how
    /// much later than in UTC a day of the zone begins, microseconds; none where that changes over
    /// the year.
    #[must_use]
    pub fn new(
        zone: &str,
        day_offset: Option<i64>,
        calendar: &Calendar,
        aggregates: &[Arc<AggregateUDF>],
    ) -> Self {
        let mut config = SessionConfig::new().with_target_partitions(1);
        let options = config.options_mut();
        options.sql_parser.map_string_types_to_utf8view = false;
        options.sql_parser.collect_spans = true;
        let mut state = SessionStateBuilder::new()
            .with_config(config)
            .with_default_features()
            .build();
        let registry: &mut dyn datafusion::execution::FunctionRegistry = &mut state;
        let _ = registry.register_udwf(counter_delta::function());
        let _ = registry.register_udf(required::function());
        for function in zaraba_finance::functions::all(calendar) {
            let _ = registry.register_udf(function);
        }
        for aggregate in zaraba_finance::functions::aggregates() {
            let _ = registry.register_udaf(aggregate);
        }
        for function in indicator::functions() {
            let _ = registry.register_udwf(function);
        }
        for aggregate in aggregates {
            let registry: &mut dyn datafusion::execution::FunctionRegistry = &mut state;
            // A name that exists already is replaced: the embedding program's wins.
            let _ = registry.register_udaf(Arc::clone(aggregate));
        }
        let zone = (zone != "UTC").then(|| zone.into());
        let windows = WindowCalls {
            day_offset,
            calendar: calendar.clone(),
        };
        let planners = vec![Arc::new(windows) as Arc<dyn RelationPlanner>];
        Self {
            streams: BTreeMap::new(),
            shapes: BTreeMap::new(),
            snapshots: BTreeMap::new(),
            state,
            planners,
            calendar: calendar.clone(),
            zone,
        }
    }

    /// Adds a stream or table.
    pub fn add(&mut self, name: &str, schema: StreamSchema, table: bool) {
        let source = StreamSource {
            name: name.to_owned(),
            schema,
            table,
            places: None,
        };
        self.streams.insert(name.to_owned(), Arc::new(source));
    }

    /// Adds a source of which only some columns are handed over: SQL still sees all of them, since
    /// `*` and `AS t(a, b, …)` count them.
    pub fn add_narrowed(&mut self, name: &str, schema: StreamSchema, handed: &[String]) {
        let place = |f: &Arc<Field>| handed.iter().position(|h| h == f.name());
        let fields = schema.columns.fields().iter();
        // What is not handed over is not read, so where it stands does not matter.
        let places = fields.map(|f| place(f).unwrap_or(usize::MAX)).collect();
        let source = StreamSource {
            name: name.to_owned(),
            schema,
            table: false,
            places: Some(places),
        };
        self.streams.insert(name.to_owned(), Arc::new(source));
    }

    /// Adds what joins need to know of a table or upsert stream.
    pub fn add_shape(&mut self, shape: TableShape) {
        self.shapes.insert(shape.name.clone(), shape);
    }

    /// A table or upsert stream by its name.
    #[must_use]
    pub fn shape(&self, name: &str) -> Option<&TableShape> {
        self.shapes.get(name)
    }

    /// A stream by its name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<StreamSource>> {
        self.streams.get(name)
    }

    /// DataFusion's state.
    #[must_use]
    pub const fn state(&self) -> &SessionState {
        &self.state
    }

    /// The same catalog with `now()` reading `time`.
    #[must_use]
    pub fn with_now(&self, time: &QueryTime) -> Self {
        let mut catalog = self.clone();
        let registry: &mut dyn datafusion::execution::FunctionRegistry = &mut catalog.state;
        let _ = registry.register_udf(time.function());
        catalog
    }

    /// The same catalog with tables that DataFusion can run over.
    pub(crate) fn with_snapshots(&self, slots: impl Iterator<Item = (String, Slot)>) -> Self {
        let mut catalog = self.clone();
        for (name, slot) in slots {
            catalog
                .snapshots
                .insert(name, provider_as_source(Arc::new(slot)));
        }
        catalog
    }
}

impl ContextProvider for Catalog {
    fn get_table_source(&self, name: TableReference) -> Result<Arc<dyn TableSource>> {
        if let Some(source) = self.snapshots.get(name.table()) {
            return Ok(Arc::clone(source));
        }
        if let Some(source) = self.streams.get(name.table()) {
            return Ok(Arc::clone(source) as Arc<dyn TableSource>);
        }
        let known: Vec<&str> = self.streams.keys().map(String::as_str).collect();
        let hint = suggest::hint(name.table(), known.iter().copied());
        let mut mistake = SqlMistake::new(format!("no stream or table `{}`{hint}", name.table()));
        if hint.is_empty() && !known.is_empty() {
            let shown: Vec<&str> = known
                .iter()
                .filter(|n| !n.contains("__"))
                .copied()
                .collect();
            mistake.help = Some(there(&shown));
        }
        Err(mistake.into_datafusion())
    }

    fn get_expr_planners(&self) -> &[Arc<dyn ExprPlanner>] {
        self.state.expr_planners()
    }

    fn get_relation_planners(&self) -> &[Arc<dyn RelationPlanner>] {
        &self.planners
    }

    fn get_function_meta(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        self.state.scalar_functions().get(name).cloned()
    }

    fn get_higher_order_meta(&self, name: &str) -> Option<Arc<HigherOrderUDF>> {
        self.state.higher_order_functions().get(name).cloned()
    }

    fn get_aggregate_meta(&self, name: &str) -> Option<Arc<AggregateUDF>> {
        self.state.aggregate_functions().get(name).cloned()
    }

    fn get_window_meta(&self, name: &str) -> Option<Arc<WindowUDF>> {
        self.state.window_functions().get(name).cloned()
    }

    fn get_variable_type(&self, _names: &[String]) -> Option<DataType> {
        None
    }

    fn options(&self) -> &ConfigOptions {
        self.state.config_options()
    }

    /// Those that may be suggested: a volatile one would be refused.
    fn udf_names(&self) -> Vec<String> {
        let stable = |f: &&Arc<ScalarUDF>| f.signature().volatility != Volatility::Volatile;
        let functions = self.state.scalar_functions().iter();
        functions
            .filter(|(_, f)| stable(f))
            .map(|(name, _)| name.clone())
            .collect()
    }

    fn higher_order_function_names(&self) -> Vec<String> {
        self.state
            .higher_order_functions()
            .keys()
            .cloned()
            .collect()
    }

    fn udaf_names(&self) -> Vec<String> {
        self.state.aggregate_functions().keys().cloned().collect()
    }

    fn udwf_names(&self) -> Vec<String> {
        self.state.window_functions().keys().cloned().collect()
    }
}
