//! `zaraba run`: a pipeline until its sources end, it fails, or it is stopped. The first Ctrl-C or
//! SIGTERM lets everything in flight be written; the second ends at once.

pub(crate) mod monitor;

pub(crate) mod signals;

pub(crate) mod until_end;

use std::sync::Arc;
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::runtime::Runtime;
use zaraba::error::Error;
use zaraba::pipeline::{Checked, Pipeline};

use crate::args::PipelineArgs;
use crate::failure::Failure;
use crate::run::signals::Signals;
use crate::run::until_end::until_end;
use crate::voice::Voice;

/// Threads for sockets; nodes have threads of their own.
const SOCKET_THREADS: usize = 2;
/// How long connections may take to end after the last row.
pub(crate) const GOODBYE: Duration = Duration::from_secs(1);

/// Runs the pipeline.
pub(crate) fn run(args: &PipelineArgs, voice: &Voice) -> Result<(), Failure> {
    let outside = |e: String| Failure::Outside(format!("cannot start: {e}"));
    let recorder = PrometheusBuilder::new().install_recorder();
    let recorder = recorder.map_err(|e| outside(e.to_string()))?;
    let pipeline = args.pipeline().metrics(Arc::new(move || recorder.render()));
    let checked = pipeline.check()?;
    voice.hide(&checked.secrets);
    voice.warn(&checked.warnings);
    if let Some(name) = checked.plan.channels().first() {
        return Err(Failure::User(format!(
            "`{name}` has the connector `channel`, whose rows come from or go to a program that \
             embeds zaraba; `zaraba run` has none"
        )));
    }
    let runtime = runtime()?;
    let result = runtime.block_on(drive(&pipeline, &checked, voice));
    runtime.shutdown_timeout(GOODBYE);
    match result {
        Err(Failure::Pipeline(Error::Run(error))) if zaraba::is_stdout_closed(&error) => Ok(()),
        other => other,
    }
}

/// What sockets run on.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(SOCKET_THREADS)
        .enable_all()
        .build()
        .map_err(|e| Failure::Outside(format!("cannot start: {e}")))
}

/// Starts the nodes, and looks after them until the last has ended.
async fn drive(pipeline: &Pipeline, checked: &Checked, voice: &Voice) -> Result<(), Failure> {
    let mut signals =
        Signals::new().map_err(|e| Failure::Outside(format!("cannot listen for signals: {e}")))?;
    let built = pipeline.build_checked(checked)?;
    for (name, address) in built.listening() {
        let s = if checked.plan.speaks_tls(name) {
            "s"
        } else {
            ""
        };
        voice.say(&format!(
            "{name}: open http{s}://{address}/ or connect a client to ws{s}://{address}/ws \
             (Ctrl-C stops)"
        ));
    }
    for (name, url) in built.posting() {
        voice.say(&format!("{name}: POST rows to {url} (Ctrl-C stops)"));
    }
    let running = built.start().map_err(Error::from)?;
    let sources = checked.plan.source_names();
    let lost = "what was in flight is not written";
    Ok(until_end(running, &sources, &mut signals, voice, lost).await?)
}
