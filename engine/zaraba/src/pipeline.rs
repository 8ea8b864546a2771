//! From a pipeline file to something that runs.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::logical_expr::AggregateUDF;
use zaraba_config::env::redact;
use zaraba_config::load::{LoadOptions, Loaded, load, load_text};
use zaraba_core::clock::{Clock, SystemClock};
use zaraba_core::error::Result as CoreResult;
use zaraba_core::meter::Meter;
use zaraba_runtime::plan::{Extensions, PipelinePlan, plan};
use zaraba_runtime::test_run::{Outcome, run_tests};
use zaraba_runtime::wire::{Surroundings, Wired, wire};
use zaraba_runtime::{ChannelReceiver, ChannelSender};

use crate::error::Error;
use crate::running::Running;

/// A text made when it is asked for.
pub type Answer = Arc<dyn Fn() -> String + Send + Sync>;

/// What is said about a pipeline before it is built.
pub struct Pipeline {
    path: PathBuf,
    text: Option<String>,
    profile: Option<String>,
    set: Vec<(String, String)>,
    pub(crate) extensions: Extensions,
    clock: Arc<dyn Clock>,
    metrics: Answer,
}

impl Pipeline {
    /// The pipeline in a file.
    #[must_use]
    pub fn from_path(path: impl AsRef<Path>) -> Self {
        Self {
            path: path.as_ref().to_owned(),
            text: None,
            profile: None,
            set: Vec::new(),
            extensions: Extensions::default(),
            clock: Arc::new(SystemClock),
            metrics: Arc::new(String::new),
        }
    }

    /// A pipeline of this text; paths in it are relative to `path`'s folder.
    #[must_use]
    pub fn from_text(path: impl AsRef<Path>, text: impl Into<String>) -> Self {
        Self {
            text: Some(text.into()),
            ..Self::from_path(path)
        }
    }

    /// Lays a profile of the file over it.
    #[must_use]
    pub fn profile(mut self, name: impl Into<String>) -> Self {
        self.profile = Some(name.into());
        self
    }

    /// Sets a parameter.
    #[must_use]
    pub fn set(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.set.push((name.into(), value.into()));
        self
    }

    /// Looks for plugins in a folder before anywhere else.
    #[must_use]
    pub fn plugins(mut self, folder: impl AsRef<Path>) -> Self {
        self.extensions.plugins = Some(folder.as_ref().to_owned());
        self
    }

    /// Adds an aggregate of one's own to SQL.
    #[must_use]
    pub fn aggregate(mut self, function: AggregateUDF) -> Self {
        self.extensions.aggregates.push(Arc::new(function));
        self
    }

    /// Runs by another clock.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// What renders the process's metrics, for `/metrics` of a WebSocket sink. What nodes count is
    /// set through the `metrics` crate just before.
    #[must_use]
    pub fn metrics(mut self, render: Answer) -> Self {
        self.metrics = render;
        self
    }

    /// Its file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What the file says, profile and parameters put in.
    pub(crate) fn load(&self) -> Loaded {
        let env = |name: &str| std::env::var(name).ok();
        let options = LoadOptions {
            profile: self.profile.clone(),
            set: self.set.clone(),
            env: &env,
        };
        match &self.text {
            Some(text) => load_text(&self.path, text, &options),
            None => load(&self.path, &options),
        }
    }

    /// Checks it: every mistake that can be found without running.
    ///
    /// # Errors
    /// The mistakes, as shown to users.
    pub fn check(&self) -> Result<Checked, Error> {
        let Loaded {
            document,
            sources,
            diagnostics,
        } = self.load();
        let mut mistakes = diagnostics;
        let mut planned = None;
        let mut secrets = Vec::new();
        if let Some(document) = &document {
            secrets.clone_from(&document.secrets);
            let (plan, more) = plan(document, &self.extensions);
            for mistake in more.0 {
                mistakes.push(mistake);
            }
            planned = plan;
        }
        mistakes.sort();
        match planned {
            Some(plan) if mistakes.is_empty() => Ok(Checked {
                warnings: redact(&sources.render_warnings(&plan.warnings), &secrets),
                plan,
                secrets,
            }),
            _ => Err(Error::Mistakes(redact(
                &sources.render_all(&mistakes),
                &secrets,
            ))),
        }
    }

    /// Checks it and makes it ready to run: opens files, binds sockets. Inside a tokio runtime,
    /// sinks that need one use it.
    ///
    /// # Errors
    /// The mistakes, or what could not be opened.
    pub fn build(self) -> Result<Built, Error> {
        let checked = self.check()?;
        self.build_checked(&checked)
    }

    /// Makes a checked pipeline ready to run.
    ///
    /// # Errors
    /// What could not be opened.
    pub fn build_checked(&self, checked: &Checked) -> Result<Built, Error> {
        let around = Surroundings {
            clock: Arc::clone(&self.clock),
            tokio: tokio::runtime::Handle::try_current().ok(),
            stand_ins: BTreeMap::new(),
            capture: None,
            metrics: Arc::clone(&self.metrics),
        };
        let Wired {
            graph,
            listening,
            posting,
            senders,
            receivers,
        } = wire(&checked.plan, around)?;
        Ok(Built {
            meters: graph.meters.clone(),
            graph,
            listening,
            posting,
            senders,
            receivers,
            queue: checked.plan.limits.queue,
            clock: Arc::clone(&self.clock),
        })
    }
}

/// A pipeline without mistakes.
#[derive(Clone)]
pub struct Checked {
    /// The plan.
    pub plan: PipelinePlan,
    /// What is no mistake, and most likely not meant, as shown to users; empty: nothing.
    pub warnings: String,
    /// Values that must not appear in any output.
    pub secrets: Vec<String>,
}

impl Checked {
    /// Runs the `[[test]]`s of the file, each when it is asked for: no clock, no network.
    pub fn run_tests(&self) -> impl Iterator<Item = Outcome> + '_ {
        run_tests(&self.plan)
    }
}

/// A pipeline ready to run.
pub struct Built {
    graph: zaraba_runtime::run::graph::Graph,
    meters: Vec<(Arc<str>, Arc<Meter>)>,
    listening: Vec<(String, SocketAddr)>,
    posting: Vec<(String, String)>,
    senders: BTreeMap<String, ChannelSender>,
    receivers: BTreeMap<String, ChannelReceiver>,
    queue: usize,
    clock: Arc<dyn Clock>,
}

impl Built {
    /// Where WebSocket sinks listen, by name.
    #[must_use]
    pub fn listening(&self) -> &[(String, SocketAddr)] {
        &self.listening
    }

    /// Where rows are POSTed to sources with `connector = "http_server"`: name and URL.
    #[must_use]
    pub fn posting(&self) -> &[(String, String)] {
        &self.posting
    }

    /// What nodes count, in the order of the pipeline.
    #[must_use]
    pub fn meters(&self) -> Vec<(Arc<str>, Arc<Meter>)> {
        self.meters.clone()
    }

    /// The way into a source with `connector = "channel"`. Rows end when it is dropped.
    pub fn take_sender(&mut self, source: &str) -> Option<ChannelSender> {
        self.senders.remove(source)
    }

    /// The way out of a sink with `connector = "channel"`. It must be read, or the pipeline waits.
    pub fn take_receiver(&mut self, sink: &str) -> Option<ChannelReceiver> {
        self.receivers.remove(sink)
    }

    /// Starts it on threads of its own.
    ///
    /// # Errors
    /// When the system gives no threads.
    pub fn start(self) -> CoreResult<Running> {
        let running = zaraba_runtime::run::threads::start(self.graph, self.queue, &self.clock)?;
        Ok(Running::new(running, self.meters))
    }

    /// Runs it to its end.
    ///
    /// # Errors
    /// The first failure of a node.
    pub async fn run(self) -> Result<(), Error> {
        self.start()?.wait().await
    }
}
