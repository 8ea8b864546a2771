//! `[rule.NAME]`: alerts raised by a WebAssembly plugin.

use std::path::PathBuf;
use std::time::Duration;

use zaraba_core::diagnostic::Span;

use crate::argument::Argument;
use crate::document::Located;
use crate::path;
use crate::read::{Context, Fields, Typed};
use crate::spec::{Body, Kind, Least, NodeSpec, Section, optional, required};
use crate::storm::{self, STORM, StormDoc};

/// `[rule.NAME]`
#[derive(Clone, Debug)]
pub struct RuleDoc {
    /// NAME
    pub name: Located<String>,
    /// `plugin`
    pub plugin: Located<PluginDoc>,
    /// `from`: its streams, in the order in which the plugin has them.
    pub from: Vec<Located<String>>,
    /// `tables`: its tables, in the order in which the plugin has them.
    pub tables: Vec<Located<String>>,
    /// `params`, in the file's order.
    pub params: Vec<(Located<String>, Located<Argument>)>,
    /// Where `params` stand; none: left out.
    pub params_at: Option<Span>,
    /// `cooldown`, `group`
    pub storm: StormDoc,
    /// `limits`
    pub limits: RuleLimitsDoc,
}

/// Where a plugin is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PluginDoc {
    /// A file, resolved.
    File(PathBuf),
    /// A name, to be looked for where plugins are.
    Name(String),
}

/// `limits` of a rule; what is left out is the host's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleLimitsDoc {
    /// `memory`, bytes.
    pub memory: Option<usize>,
    /// `state`, bytes.
    pub state: Option<usize>,
    /// `output`, bytes.
    pub output: Option<usize>,
    /// `log`, bytes.
    pub log: Option<usize>,
    /// `alerts`
    pub alerts: Option<usize>,
    /// `fuel`
    pub fuel: Option<u64>,
    /// `fuel_per_row`
    pub fuel_per_row: Option<u64>,
    /// `deadline`
    pub deadline: Option<Duration>,
    /// `failures`
    pub failures: Option<u32>,
    /// `pause`, microseconds of event time.
    pub pause: Option<i64>,
    /// `pause_max`, microseconds of event time.
    pub pause_max: Option<i64>,
}

/// `[rule.NAME]`
pub(crate) static RULE: NodeSpec = NodeSpec {
    kind: "rule",
    body: Body::One(&SECTION),
};

static SECTION: Section = Section {
    title: "[rule.NAME]",
    about: "Alerts raised by a WebAssembly plugin, see [rules.md](rules.md). Their stream has the rule's name.",
    groups: &[
        &[
            required(
                "plugin",
                Kind::Path,
                "\"oi-jump\"",
                "a name of a plugin, or a path to a `.wasm`: what ends so or has a `/` is a path",
            ),
            required(
                "from",
                Kind::List(&Kind::Name, Least::One),
                "[\"oi_delta\"]",
                "its streams, in the order in which the plugin has them",
            ),
            optional(
                "tables",
                Kind::List(&Kind::Name, Least::None),
                "none",
                "[\"chain\"]",
                "the tables it may look into, in the order in which the plugin has them",
            ),
            optional(
                "params",
                Kind::Map(&Kind::Argument),
                "the plugin's defaults",
                "{ jump_pct = 20.0, base_min = \"$base_min\" }",
                "parameters of the plugin; a text `\"$name\"` is the pipeline's parameter `name`, which `zaraba set` changes while it runs",
            ),
        ],
        &STORM,
        &[optional(
            "limits",
            Kind::Table(&LIMITS),
            "see [rules.md](rules.md#limits)",
            "{ memory = \"32MiB\", deadline = \"50ms\" }",
            "what the plugin may use; what goes over one of them fails alone",
        )],
    ],
    later: &[],
    example: r#"[params]
base_min = 100

[source.ticks]
connector = "file"
path = "data/*.parquet"
time = "ts"

[query.oi_delta]
sql = """
SELECT ts, sq_date, strike, put_call, oi,
       lag(oi) OVER (PARTITION BY sq_date, strike, put_call ORDER BY ts) AS oi_base
FROM ticks"""

[rule.oi_jump]
plugin = "oi-jump"
from = ["oi_delta"]
params = { jump_pct = 20.0, base_min = "$base_min" }
cooldown = "5m"
limits = { memory = "32MiB", deadline = "50ms" }
"#,
};

static LIMITS: Section = Section {
    title: "limits",
    about: "What a plugin may use.",
    groups: &[&[
        optional(
            "memory",
            Kind::Size,
            "32MiB",
            "\"64MiB\"",
            "memory of its instance",
        ),
        optional(
            "state",
            Kind::Size,
            "16MiB",
            "\"64MiB\"",
            "what it remembers: keys, values and 64 bytes an entry",
        ),
        optional(
            "output",
            Kind::Size,
            "8MiB",
            "\"1MiB\"",
            "bytes that a call may hand over",
        ),
        optional(
            "log",
            Kind::Size,
            "64KiB",
            "\"4KiB\"",
            "log lines of a call; more is dropped and counted",
        ),
        optional(
            "alerts",
            Kind::Int(1, 1_000_000),
            "10000",
            "100",
            "alerts of a call",
        ),
        optional(
            "fuel",
            Kind::Int(1, i64::MAX),
            "5000000",
            "1000000",
            "fuel of a call, about one unit an instruction; a tick has four times as much",
        ),
        optional(
            "fuel_per_row",
            Kind::Int(0, i64::MAX),
            "20000",
            "5000",
            "fuel of a call for each of its rows, besides",
        ),
        optional(
            "deadline",
            Kind::Duration,
            "1s",
            "\"50ms\"",
            "how long a call may take by the clock; fuel comes first, and at the same place in a replay",
        ),
        optional(
            "failures",
            Kind::Int(1, 1_000_000),
            "3",
            "3",
            "so many failed calls in a row pause the rule; one that used up its fuel or its deadline does at once",
        ),
        optional(
            "pause",
            Kind::Duration,
            "1s",
            "\"10s\"",
            "how long first, in event time; then twice as long each time",
        ),
        optional(
            "pause_max",
            Kind::Duration,
            "10m",
            "\"1h\"",
            "and the longest",
        ),
    ]],
    later: &[],
    example: "",
};

/// What the section says; none if a part that cannot be left out is wrong.
pub(crate) fn convert(cx: &Context<'_>, name: Located<String>, fields: &Fields) -> Option<RuleDoc> {
    let plugin = fields.text("plugin")?;
    let is_path = plugin.value.contains('/') || plugin.value.ends_with(".wasm");
    let params = fields.map("params").unwrap_or_default().into_iter();
    let params = params.filter_map(|(name, value)| match value.value {
        Typed::Argument(argument) => Some((
            name,
            Located {
                value: argument,
                span: value.span,
            },
        )),
        _ => None,
    });
    Some(RuleDoc {
        name,
        plugin: Located {
            span: plugin.span,
            value: if is_path {
                PluginDoc::File(path::resolve(cx.sources, &plugin))
            } else {
                PluginDoc::Name(plugin.value)
            },
        },
        from: fields.names("from")?,
        tables: fields.names("tables").unwrap_or_default(),
        params: params.collect(),
        params_at: fields.key("params"),
        storm: storm::convert(fields),
        limits: fields.table("limits").map(limits).unwrap_or_default(),
    })
}

fn limits(fields: &Fields) -> RuleLimitsDoc {
    let bytes = |option| fields.bytes(option).and_then(|n| usize::try_from(n).ok());
    let micros = |option| fields.micros(option);
    let fuel = |option| fields.int(option).and_then(|n| u64::try_from(n).ok());
    let deadline = micros("deadline").and_then(|n| u64::try_from(n).ok());
    RuleLimitsDoc {
        memory: bytes("memory"),
        state: bytes("state"),
        output: bytes("output"),
        log: bytes("log"),
        alerts: fields.int("alerts").and_then(|n| usize::try_from(n).ok()),
        fuel: fuel("fuel"),
        fuel_per_row: fuel("fuel_per_row"),
        deadline: deadline.map(Duration::from_micros),
        failures: fields.int("failures").and_then(|n| u32::try_from(n).ok()),
        pause: micros("pause"),
        pause_max: micros("pause_max"),
    }
}
