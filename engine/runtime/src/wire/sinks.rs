//! Sinks, by their connector, and the streams that they read.

use std::sync::Arc;

use zaraba_config::document::{SinkConnector, SinkDoc};
use zaraba_core::error::{Error, Result};
use zaraba_core::operator::Port;
use zaraba_core::sink::Sink;
use zaraba_core::time::EventTime;
use zaraba_finance::calendar::Venue;
use zaraba_net::limits::Limits;
use zaraba_sinks::file::days::{Calendars, Day, DayOf};
use zaraba_sinks::input::SinkInput;
use zaraba_sinks::websocket::{WebsocketOptions, WebsocketSink};

use crate::run::capture::CaptureSink;
use crate::run::graph::Target;
use crate::run::sink_task::SinkTask;
use crate::wire::doors::Doors;
use crate::wire::{CHANNEL_BATCHES, Wirer};

impl Wirer<'_> {
    pub(super) fn sinks(&mut self) -> Result<()> {
        if let Some((streams, captures, after)) = self.around.capture.clone() {
            let sink = Box::new(CaptureSink::new(captures, after));
            return self.add_sink("capture", sink, &streams);
        }
        let plan = self.plan;
        for doc in &plan.sinks {
            let streams: Vec<String> = doc.from.iter().map(|f| f.value.clone()).collect();
            let inputs: Vec<SinkInput> = streams
                .iter()
                .filter_map(|name| {
                    let schema = plan.streams.get(name)?.clone();
                    Some(SinkInput {
                        name: name.clone(),
                        schema,
                    })
                })
                .collect();
            let sink = self.sink(doc, &inputs).map_err(|e| e.at(&doc.name.value))?;
            self.add_sink(&doc.name.value, sink, &streams)?;
        }
        Ok(())
    }

    /// The days that paths name.
    fn calendars(&self) -> Calendars {
        let calendar = self.plan.calendar.clone();
        Calendars {
            date: DayOf::of_zone(self.plan.zone),
            trading_day: DayOf::new(move |time| {
                const VENUE: Venue = Venue::OseFuture;
                let date = calendar.trading_day(VENUE, EventTime(time));
                let next = calendar.next_trading_day(VENUE, date);
                Day {
                    date,
                    from: calendar.trading_day_begins(VENUE, date).0.min(time),
                    until: calendar.trading_day_begins(VENUE, next).0,
                }
            }),
        }
    }

    fn sink(&mut self, doc: &SinkDoc, inputs: &[SinkInput]) -> Result<Box<dyn Sink>> {
        let zone = self.plan.zone;
        Ok(match &doc.connector {
            SinkConnector::File { path, format } => Box::new(zaraba_sinks::file::FileSink::open(
                inputs,
                &path.value,
                *format,
                zone,
                &self.calendars(),
            )?),
            SinkConnector::Stdout { format } => Box::new(zaraba_sinks::stdout::StdoutSink::new(
                inputs, *format, zone,
            )?),
            SinkConnector::Channel => {
                let (sink, receiver) = zaraba_sinks::channel::channel(CHANNEL_BATCHES);
                self.wired
                    .receivers
                    .insert(doc.name.value.clone(), receiver);
                Box::new(sink.open(inputs))
            }
            SinkConnector::Websocket {
                listen,
                assets,
                history,
            } => {
                let handle = self.around.tokio.clone().ok_or_else(|| {
                    Error::internal("a WebSocket sink needs a tokio runtime to run on")
                })?;
                let options = WebsocketOptions {
                    listen: listen.value.clone(),
                    assets: assets.as_ref().map(|a| a.value.clone()),
                    history: *history,
                    pipeline: self.plan.name.clone(),
                    zone,
                    metrics: Arc::clone(&self.around.metrics),
                    graph: Arc::clone(&self.around.graph),
                    clock: Arc::clone(&self.around.clock),
                    limits: Limits::default(),
                };
                let doors = self.doors_of(&listen.value);
                let beside = doors.as_ref().map(Doors::routes).unwrap_or_default();
                let (sink, address) = WebsocketSink::start(inputs, options, beside, &handle)?;
                if let Some(doors) = doors {
                    self.opened(doors, address);
                }
                self.wired.listening.push((doc.name.value.clone(), address));
                Box::new(sink)
            }
        })
    }

    fn add_sink(&mut self, name: &str, sink: Box<dyn Sink>, streams: &[String]) -> Result<()> {
        let (label, meter) = self.meter(name);
        let index = self.wired.graph.sinks.len();
        self.wired
            .graph
            .sinks
            .push(SinkTask::new(label, sink, streams.len(), meter));
        for (port, stream) in streams.iter().enumerate() {
            self.route(stream, Target::Sink(index, Port(port)))?;
        }
        Ok(())
    }
}
