//! A plan for people: its nodes and edges as SVG, Mermaid, DOT or JSON, and per node what it keeps.

mod layout;

mod svg;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use zaraba_alerts::all;
use zaraba_config::document::{SinkConnector, SinkDoc, SourceConnector};
use zaraba_config::env::redact;
use zaraba_core::time::duration_text;
use zaraba_sinks::inside::Picture;
use zaraba_sql::plan::stage::{Input, Work};

use crate::plan::PipelinePlan;

/// A node of the picture.
pub(crate) struct Shown {
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    pub(crate) detail: &'static str,
    pub(crate) reads: Vec<String>,
}

/// Whether a stage says what its node is: not one that only numbers rows or leaves some out.
fn tells(work: &Work) -> bool {
    match work {
        Work::Number => false,
        Work::Foreign(work) => work.kind().0 != "calm",
        _ => true,
    }
}

/// The node that a stream is of.
pub(crate) fn node_of(stream: &str) -> &str {
    edge(stream).0
}

impl PipelinePlan {
    pub(crate) fn shown(&self) -> Vec<Shown> {
        let sources = self.sources.iter().map(|s| Shown {
            name: s.doc.name.value.clone(),
            kind: "source",
            detail: match s.doc.connector {
                SourceConnector::File(_) => "file",
                SourceConnector::Simulate(_) | SourceConnector::Market(_) => "simulate",
                SourceConnector::HttpServer(_) => "http_server",
                SourceConnector::HttpClient(_) => "http_client",
                SourceConnector::Websocket(_) => "websocket",
                SourceConnector::Clock { .. } => "clock",
                SourceConnector::Channel => "channel",
            },
            reads: Vec::new(),
        });
        let nodes = self.nodes.iter().map(|n| {
            let inputs = n.stages.iter().flat_map(|s| &s.inputs);
            let streams = inputs.filter_map(|i| match i {
                Input::Stream(name, _) => Some(name.clone()),
                Input::Stage(_) => None,
            });
            let mut works = n.stages.iter().rev().map(|s| &s.work);
            let (kind, detail) = match works.find(|w| tells(w)) {
                Some(Work::Merge(_)) if n.name == all::NAME => ("alerts", "of all"),
                Some(Work::Table(_)) => ("table", "newest row per key"),
                Some(Work::Triggered(_)) => ("query", "on a trigger"),
                Some(Work::SnapshotAt(_) | Work::InSession(_)) => ("query", "rows"),
                Some(Work::Window(_)) => ("query", "windows"),
                Some(Work::AsOf(_) | Work::Interval(_)) => ("query", "join"),
                Some(Work::PassThrough(_) | Work::Merge(_) | Work::Number) | None => {
                    ("query", "rows")
                }
                Some(Work::Session(_)) => ("query", "sessions"),
                Some(Work::Over(_) | Work::OverWhole(_)) => ("query", "over"),
                Some(Work::Foreign(work)) => work.kind(),
            };
            Shown {
                name: n.name.clone(),
                kind,
                detail,
                reads: streams.collect(),
            }
        });
        let sinks = self.sinks.iter().map(|s| Shown {
            name: s.name.value.clone(),
            kind: "sink",
            detail: match s.connector {
                SinkConnector::File(_) => "file",
                SinkConnector::Webhook(_) => "webhook",
                SinkConnector::Stdout { .. } => "stdout",
                SinkConnector::Websocket(_) => "websocket",
                SinkConnector::Channel => "channel",
            },
            reads: s.from.iter().map(|f| f.value.clone()).collect(),
        });
        sources.chain(nodes).chain(sinks).collect()
    }

    /// How many nodes there are of each kind, then tests; kinds without any are left out.
    #[must_use]
    pub fn counts(&self) -> Vec<(&'static str, usize)> {
        let shown = self.shown();
        let of = |kind| (kind, shown.iter().filter(|s| s.kind == kind).count());
        let mut counts: Vec<_> = ["source", "table", "query", "alert", "rule", "sink"]
            .map(of)
            .into();
        counts.push(("test", self.tests.len()));
        counts.retain(|(_, n)| *n > 0);
        counts
    }

    /// The sources' names.
    #[must_use]
    pub fn source_names(&self) -> Vec<String> {
        self.sources
            .iter()
            .map(|s| s.doc.name.value.clone())
            .collect()
    }

    /// The nodes whose rows come from or go to the embedding program.
    #[must_use]
    pub fn channels(&self) -> Vec<String> {
        let channels = self.shown().into_iter().filter(|s| s.detail == "channel");
        channels.map(|s| s.name).collect()
    }

    /// Whether a sink's listener speaks TLS.
    #[must_use]
    pub fn speaks_tls(&self, sink: &str) -> bool {
        let of = |s: &SinkDoc| match &s.connector {
            SinkConnector::Websocket(door) => door.listener.tls.is_some(),
            _ => false,
        };
        self.sinks.iter().any(|s| s.name.value == sink && of(s))
    }

    /// As a picture, or as text of one.
    #[must_use]
    pub fn graph(&self, picture: Picture) -> String {
        match picture {
            Picture::Json => self.graph_json(),
            Picture::Svg => self.graph_svg(),
            Picture::Mermaid => self.graph_mermaid(),
            Picture::Dot => self.graph_dot(),
        }
    }

    /// As a Mermaid flow chart.
    #[must_use]
    pub fn graph_mermaid(&self) -> String {
        let mut text = String::from("flowchart LR\n");
        for Shown {
            name,
            kind,
            detail,
            reads,
        } in self.shown()
        {
            let (open, close) = match kind {
                "source" => ("([", "])"),
                "table" => ("[(", ")]"),
                "sink" => ("[/", "/]"),
                _ => ("[", "]"),
            };
            let _ = writeln!(
                text,
                "    {name}{open}\"{name}<br/>{kind}: {detail}\"{close}"
            );
            for stream in reads {
                let (node, label) = edge(&stream);
                let _ = match label {
                    Some(label) => writeln!(text, "    {node} -->|{label}| {name}"),
                    None => writeln!(text, "    {node} --> {name}"),
                };
            }
        }
        text
    }

    /// As a DOT graph.
    #[must_use]
    pub fn graph_dot(&self) -> String {
        let mut text = format!("digraph \"{}\" {{\n    rankdir = LR;\n", self.name);
        for Shown {
            name,
            kind,
            detail,
            reads,
        } in self.shown()
        {
            let shape = match kind {
                "source" => "oval",
                "table" => "cylinder",
                "sink" => "parallelogram",
                _ => "box",
            };
            let _ = writeln!(
                text,
                "    {name} [shape = {shape}, label = \"{name}\\n{kind}: {detail}\"];"
            );
            for stream in reads {
                let (node, label) = edge(&stream);
                let label = label
                    .map(|l| format!(" [label = \"{l}\"]"))
                    .unwrap_or_default();
                let _ = writeln!(text, "    {node} -> {name}{label};");
            }
        }
        text.push_str("}\n");
        text
    }

    /// As JSON: `{"nodes": [{"name", "kind", "detail"}], "edges": [{"from", "to", "stream"}]}`.
    #[must_use]
    pub fn graph_json(&self) -> String {
        let (mut nodes, mut edges) = (Vec::new(), Vec::new());
        for Shown {
            name,
            kind,
            detail,
            reads,
        } in self.shown()
        {
            nodes.push(format!(
                "{{\"name\":\"{name}\",\"kind\":\"{kind}\",\"detail\":\"{detail}\"}}"
            ));
            for stream in reads {
                let (node, _) = edge(&stream);
                edges.push(format!(
                    "{{\"from\":\"{node}\",\"to\":\"{name}\",\"stream\":\"{stream}\"}}"
                ));
            }
        }
        format!(
            "{{\"nodes\":[{}],\"edges\":[{}]}}",
            nodes.join(","),
            edges.join(",")
        )
    }

    /// Per node: what it keeps and for how long, its columns, and its plan.
    #[must_use]
    pub fn explain(&self) -> String {
        let mut text = String::new();
        for source in &self.sources {
            let doc = &source.doc;
            let _ = writeln!(text, "source {}", doc.name.value);
            let _ = writeln!(
                text,
                "  watermark: newest {} less {}",
                doc.time.value,
                duration_text(doc.out_of_order)
            );
            let _ = writeln!(text, "  columns: {}\n", columns(&source.schema.columns));
        }
        for node in &self.nodes {
            let _ = writeln!(text, "{}", node.name);
            let inputs = node.stages.iter().flat_map(|s| &s.inputs);
            let streams = inputs.filter_map(|input| match input {
                Input::Stream(name, _) => Some(name.as_str()),
                Input::Stage(_) => None,
            });
            let streams: Vec<&str> = streams.collect::<BTreeSet<_>>().into_iter().collect();
            let of = match streams.as_slice() {
                [one] => format!("that of {one}"),
                several => format!("the least of {}", several.join(", ")),
            };
            let held = match node.held_back() {
                0 => String::new(),
                back => format!(
                    " less {}: a row waits so long for what may follow it",
                    duration_text(back)
                ),
            };
            let _ = writeln!(text, "  watermark: {of}{held}");
            for state in node.states() {
                let _ = writeln!(text, "  state: {state}");
            }
            let _ = writeln!(text, "  columns: {}", columns(&node.output.columns));
            for line in node.explained.lines() {
                let _ = writeln!(text, "  plan: {line}");
            }
            text.push('\n');
        }
        redact(&text, &self.secrets)
    }
}

/// The node that a stream is of, and the side stream's name.
fn edge(stream: &str) -> (&str, Option<&str>) {
    match stream.split_once("__") {
        Some((node, side)) => (node, Some(side)),
        None => (stream, None),
    }
}

fn columns(schema: &arrow::datatypes::SchemaRef) -> String {
    let fields = schema.fields().iter();
    let shown = fields.map(|f| {
        format!(
            "{} {}",
            f.name(),
            zaraba_formats::decode::types::type_name(f.data_type())
        )
    });
    shown.collect::<Vec<_>>().join(", ")
}
