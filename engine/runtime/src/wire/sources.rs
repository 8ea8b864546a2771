//! Sources, by their connector, and what stands in for them in tests.

use std::collections::BTreeSet;
use std::sync::Arc;

use zaraba_config::document::{ErrorPolicy, FileSourceDoc, SourceConnector, SourceDoc};
use zaraba_core::error::{Error, Result};
use zaraba_core::output::OutPort;
use zaraba_core::past::Past;
use zaraba_core::source::{Source, Wake};
use zaraba_core::stream::StreamSchema;
use zaraba_formats::decode::types::arrow_schema;
use zaraba_sources::bootstrap::Bootstrapped;
use zaraba_sources::clock::ClockSource;
use zaraba_sources::file::FileSource;
use zaraba_sources::follow::FollowSource;
use zaraba_sources::http_client::http_client;
use zaraba_sources::intake::{Intake, IntakePlan};
use zaraba_sources::received::received;
use zaraba_sources::simulate::SimulateSource;
use zaraba_sources::simulate::market::MarketSource;
use zaraba_sources::websocket::websocket;

use crate::plan::PlannedSource;
use crate::run::graph::Routes;
use crate::run::memory::MemorySource;
use crate::run::pick::picked;
use crate::run::source_task::{Company, SourceOptions, SourceTask};
use crate::wire::{CHANNEL_BATCHES, Producer, StandIn, Wirer};

impl Wirer<'_> {
    pub(super) fn sources(&mut self, wanted: &BTreeSet<String>) -> Result<()> {
        for source in &self.plan.sources {
            if wanted.contains(&source.doc.name.value) {
                self.source(source)?;
            }
        }
        let plan = self.plan;
        for node in plan.nodes.iter().filter(|n| wanted.contains(&n.name)) {
            if let Some(stand_in) = self.around.stand_ins.get(&node.name).cloned() {
                self.stand_in(&node.name, &node.output, stand_in)?;
            }
        }
        Ok(())
    }

    fn source(&mut self, planned: &PlannedSource) -> Result<()> {
        let doc = &planned.doc;
        let name = doc.name.value.as_str();
        let (source, wake) = self.connector(planned)?;
        let stands = self.around.stand_ins.contains_key(name);
        let live = source.live();
        if live {
            self.live.insert(name.to_owned());
        }
        // Whoever POSTs bad rows is refused; that must not end the run.
        let policy = match (doc.on_error, &doc.connector) {
            (None | Some(ErrorPolicy::Fail), SourceConnector::HttpServer(_)) => {
                ErrorPolicy::DeadLetter
            }
            (Some(policy), _) => policy,
            (None, _) if live => ErrorPolicy::DeadLetter,
            (None, _) => ErrorPolicy::Fail,
        };
        let intake = IntakePlan {
            name: name.to_owned(),
            ordinal: planned.ordinal,
            time: planned.schema.columns.index_of(&doc.time.value)?,
            offset: 0,
            out_of_order: doc.out_of_order,
            ahead: live.then_some(doc.ahead),
            on_error: policy,
        };
        let options = SourceOptions {
            ordinal: self.wired.graph.sources.len(),
            time: intake.time,
            speed: doc.speed,
            idle_timeout: doc.idle_timeout,
            out_of_order: doc.out_of_order,
            batch_rows: self.plan.limits.batch_rows,
            max_drift: self.plan.limits.max_drift,
            past: doc
                .bootstrap
                .as_ref()
                .filter(|_| !stands)
                .map(|_| self.past_of(name)),
        };
        self.add_source(name, source, intake, options, wake);
        Ok(())
    }

    /// Where the past of a source ends.
    fn past_of(&mut self, source: &str) -> Arc<Past> {
        let past = Arc::<Past>::default();
        self.pasts
            .insert(source.to_owned(), vec![Arc::clone(&past)]);
        past
    }

    /// The connector of a source, or what stands in for it, and what wakes it.
    fn connector(&mut self, planned: &PlannedSource) -> Result<(Box<dyn Source>, Wake)> {
        let doc = &planned.doc;
        let name = doc.name.value.as_str();
        let mut wake = Wake::default();
        if let Some(stand_in) = self.around.stand_ins.get(name) {
            let rows = stand_in.rows.clone();
            let source = MemorySource::new(rows, stand_in.partitions.max(1));
            return Ok((Box::new(source), wake));
        }
        let columns = planned.schema.columns.clone();
        let clock = || Arc::clone(&self.around.clock);
        let at = |e: Error| e.at(name);
        let source: Box<dyn Source> = match &doc.connector {
            SourceConnector::File(file) => self.files(planned, file).map_err(at)?,
            SourceConnector::Simulate(simulate) => {
                let source = SimulateSource::new(simulate, &doc.schema, &doc.time.value);
                picked(source.map_err(|e| e.at(name))?, columns)
            }
            SourceConnector::Market(market) => {
                let source =
                    MarketSource::new(market, &self.plan.calendar).map_err(|e| e.at(name))?;
                picked(source, columns)
            }
            SourceConnector::HttpServer(http) => {
                let source = self.http_server(planned, http);
                wake = source.wake();
                picked(self.received(source, doc), columns)
            }
            SourceConnector::HttpClient(client) => {
                let source =
                    http_client(client, &doc.schema, self.plan.zone, clock()).map_err(at)?;
                wake = source.wake();
                picked(self.received(source, doc), columns)
            }
            SourceConnector::Websocket(feed) => {
                let source = websocket(feed, &doc.schema, self.plan.zone, clock()).map_err(at)?;
                wake = source.wake();
                picked(self.received(source, doc), columns)
            }
            SourceConnector::Clock { every } => {
                let all = arrow_schema(&doc.schema);
                picked(ClockSource::new(*every, all, clock()), columns)
            }
            SourceConnector::Channel => {
                let all = arrow_schema(&doc.schema);
                let (sender, source) = zaraba_sources::channel::channel(all, CHANNEL_BATCHES);
                wake = source.wake();
                self.wired.senders.insert(name.to_owned(), sender);
                picked(self.received(source, doc), columns)
            }
        };
        let source = match &doc.bootstrap {
            Some(history) => self.bootstrapped(planned, history, source)?,
            None => source,
        };
        Ok((source, wake))
    }

    /// Files, whole or growing.
    fn files(&self, planned: &PlannedSource, file: &FileSourceDoc) -> Result<Box<dyn Source>> {
        let (doc, zone) = (&planned.doc, self.plan.zone);
        let needed = planned.needed.clone();
        if file.follow {
            let clock = Arc::clone(&self.around.clock);
            let source = FollowSource::new(file, &doc.schema, zone, needed, clock);
            return Ok(Box::new(source));
        }
        // Files may have come since it was planned, with columns of their own.
        let columns = planned.schema.columns.fields();
        let all = || columns.iter().map(|f| f.name().clone()).collect();
        let needed = needed.or_else(|| file.add_nullable.then(all));
        let source = FileSource::new(file, &doc.schema, zone, needed)?;
        Ok(Box::new(source.by_time(&doc.time.value)))
    }

    /// A live source, whose rows get the time of their receipt where they have none.
    fn received<S: Source>(&self, source: S, doc: &SourceDoc) -> impl Source + use<S> {
        received(source, &doc.schema, Arc::clone(&self.around.clock))
    }

    /// The source behind its files of the past.
    fn bootstrapped(
        &self,
        planned: &PlannedSource,
        history: &FileSourceDoc,
        then: Box<dyn Source>,
    ) -> Result<Box<dyn Source>> {
        let columns = planned.schema.columns.clone();
        let names = columns.fields().iter().map(|f| f.name().clone()).collect();
        let (schema, zone) = (&planned.doc.schema, self.plan.zone);
        let history = FileSource::new(history, schema, zone, Some(names));
        let history = history.map_err(|e| e.at(&planned.doc.name.value))?;
        let both = Bootstrapped::new(history, then);
        Ok(picked(both, columns))
    }

    /// A source that stands in for a query or table.
    fn stand_in(&mut self, name: &str, schema: &StreamSchema, rows: StandIn) -> Result<()> {
        let time = schema.time.as_ref().ok_or_else(|| {
            Error::user(format!(
                "rows cannot stand in for `{name}`: it has no event-time column; select one"
            ))
        })?;
        let ordinal = self.wired.graph.sources.len();
        let intake = IntakePlan {
            name: name.to_owned(),
            ordinal: u8::try_from(ordinal).unwrap_or(u8::MAX),
            time: schema.columns.index_of(&time.name)?,
            offset: time.offset,
            // The rows of a test come in any order.
            out_of_order: i64::MAX,
            ahead: None,
            on_error: ErrorPolicy::Fail,
        };
        let options = SourceOptions {
            ordinal,
            time: intake.time,
            speed: None,
            idle_timeout: None,
            out_of_order: i64::MAX,
            batch_rows: self.plan.limits.batch_rows,
            max_drift: self.plan.limits.max_drift,
            past: None,
        };
        let source = Box::new(MemorySource::new(rows.rows, rows.partitions.max(1)));
        self.add_source(name, source, intake, options, Wake::default());
        Ok(())
    }

    fn add_source(
        &mut self,
        name: &str,
        source: Box<dyn Source>,
        intake: IntakePlan,
        options: SourceOptions,
        wake: Wake,
    ) {
        let partitions = source.partitions();
        let (label, meter) = self.meter(name);
        let task = SourceTask::new(
            label,
            source,
            Intake::new(intake, partitions),
            options,
            meter,
            Company {
                clock: Arc::clone(&self.around.clock),
                timekeeper: Arc::clone(&self.timekeeper),
                wake: wake.clone(),
            },
        );
        let index = self.wired.graph.sources.len();
        self.wired
            .graph
            .sources
            .push((task, Routes::default(), wake));
        for port in OutPort::ALL {
            let stream = format!("{name}{}", port.suffix());
            self.producers
                .insert(stream, (Producer::Source(index), port));
        }
    }
}
