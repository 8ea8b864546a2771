//! Sinks, by their connector, and the streams that they read.

use std::sync::Arc;
use std::time::Duration;

use zaraba_config::document::{
    AuthDoc, ListenerDoc, ListenerLimitsDoc, SinkConnector, SinkDoc, TlsDoc, WebsocketSinkDoc,
};
use zaraba_core::error::{Error, Result};
use zaraba_core::meter::Meter;
use zaraba_core::operator::Port;
use zaraba_core::sink::Sink;
use zaraba_core::time::EventTime;
use zaraba_finance::calendar::Venue;
use zaraba_net::access::{Access, Auth};
use zaraba_net::limits::Limits;
use zaraba_net::tls::Tls;
use zaraba_sinks::file::days::{Calendars, Day, DayOf};
use zaraba_sinks::file::{FileOptions, FileSink};
use zaraba_sinks::input::SinkInput;
use zaraba_sinks::webhook::{WebhookOptions, WebhookSink};
use zaraba_sinks::websocket::{Retention, WebsocketOptions, WebsocketSink};

use crate::inside::Insight;
use crate::run::capture::CaptureSink;
use crate::run::graph::Target;
use crate::run::sink_task::SinkTask;
use crate::wire::doors::Doors;
use crate::wire::{CHANNEL_BATCHES, Wirer, query};

impl Wirer<'_> {
    pub(super) fn sinks(&mut self) -> Result<()> {
        if let Some((streams, captures, after)) = self.around.capture.clone() {
            let sink = Box::new(CaptureSink::new(captures, after));
            let metered = self.meter("capture");
            return self.add_sink(metered, sink, &streams);
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
            let metered = self.meter(&doc.name.value);
            let sink = self.sink(doc, &inputs, &metered.1);
            let sink = sink.map_err(|e| e.at(&doc.name.value))?;
            self.add_sink(metered, sink, &streams)?;
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
                let (date, from, until) = calendar.trading_day_span(VENUE, EventTime(time));
                Day {
                    date,
                    from: from.0,
                    until: until.0,
                }
            }),
        }
    }

    fn sink(
        &mut self,
        doc: &SinkDoc,
        inputs: &[SinkInput],
        meter: &Arc<Meter>,
    ) -> Result<Box<dyn Sink>> {
        let zone = self.plan.zone;
        Ok(match &doc.connector {
            SinkConnector::File(file) => {
                let options = FileOptions {
                    path: file.path.value.clone(),
                    format: file.format,
                    zone,
                    calendars: self.calendars(),
                    roll: file.roll,
                    open_files: file.open_files,
                };
                Box::new(FileSink::open(inputs, options)?)
            }
            SinkConnector::Webhook(webhook) => {
                let options = WebhookOptions {
                    sink: doc.name.value.clone(),
                    zone,
                    clock: Arc::clone(&self.around.clock),
                    secrets: self.plan.secrets.clone(),
                    meter: Arc::clone(meter),
                };
                Box::new(WebhookSink::start(webhook, inputs, options)?)
            }
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
            SinkConnector::Websocket(door) => self.websocket(doc, door, inputs)?,
        })
    }

    fn websocket(
        &mut self,
        doc: &SinkDoc,
        door: &WebsocketSinkDoc,
        inputs: &[SinkInput],
    ) -> Result<Box<dyn Sink>> {
        let handle =
            self.around.tokio.clone().ok_or_else(|| {
                Error::internal("a WebSocket sink needs a tokio runtime to run on")
            })?;
        let listener = &door.listener;
        let clock = &self.around.clock;
        let options = WebsocketOptions {
            listen: listener.listen.value.clone(),
            access: access(listener),
            assets: door.assets.as_ref().map(|a| a.value.clone()),
            tls: tls(listener)?,
            history: Retention {
                rows: door.history,
                time: door.history_time,
                bytes: usize::try_from(door.history_size).unwrap_or(usize::MAX),
            },
            stale: self.staleness(inputs),
            pipeline: self.plan.name.clone(),
            zone: self.plan.zone,
            query: Some(query::options(
                self.plan,
                inputs,
                &door.query,
                &self.insight,
                clock,
            )),
            inside: Arc::<Insight>::clone(&self.insight),
            clock: Arc::clone(clock),
            limits: net_limits(&listener.limits),
        };
        let doors = self.doors_of(&listener.listen.value);
        let beside = doors.as_ref().map(Doors::routes).unwrap_or_default();
        let (sink, address) = WebsocketSink::start(inputs, options, beside, &handle)?;
        if let Some(doors) = doors {
            self.opened(doors, address);
        }
        self.wired.listening.push((doc.name.value.clone(), address));
        Ok(Box::new(sink))
    }

    fn add_sink(
        &mut self,
        (label, meter): (Arc<str>, Arc<Meter>),
        sink: Box<dyn Sink>,
        streams: &[String],
    ) -> Result<()> {
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

/// Who may ask, as the listener wants it.
fn access(listener: &ListenerDoc) -> Access {
    Access {
        auth: match &listener.auth {
            None => Auth::Machine,
            Some(AuthDoc::PublicRead) => Auth::PublicRead,
            Some(AuthDoc::Token(token)) => Auth::Token(token.as_str().into()),
        },
        origins: listener.origins.clone(),
    }
}

fn tls(listener: &ListenerDoc) -> Result<Option<Tls>> {
    let open = |tls: &TlsDoc| Tls::open(&tls.cert.value, &tls.key.value);
    listener.tls.as_ref().map(open).transpose()
}

/// What strangers may cost: the listener's own limits where the file says nothing.
fn net_limits(limits: &ListenerLimitsDoc) -> Limits {
    let ours = Limits::default();
    let time = |micros: Option<i64>, ours| {
        let micros = micros.and_then(|m| u64::try_from(m).ok());
        micros.map_or(ours, Duration::from_micros)
    };
    Limits {
        clients_max: limits.clients.unwrap_or(ours.clients_max),
        connections_max: limits.connections.unwrap_or(ours.connections_max),
        messages_max: limits.messages.unwrap_or(ours.messages_max),
        message_bytes_max: limits.message.unwrap_or(ours.message_bytes_max),
        header_bytes_max: limits.header.unwrap_or(ours.header_bytes_max),
        header_time: time(limits.header_time, ours.header_time),
        slow: time(limits.slow, ours.slow),
        ..ours
    }
}
