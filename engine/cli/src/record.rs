//! `zaraba record`: what sources bring, written as it comes, until they end or are stopped; then
//! the sections by which it is replayed.

use std::path::PathBuf;
use std::thread;

use clap::Args;
use zaraba::error::Error;
use zaraba::record::{Count, Recording};

use crate::args::PipelineArgs;
use crate::failure::Failure;
use crate::run::signals::Signals;
use crate::run::until_end::until_end;
use crate::run::{GOODBYE, runtime};
use crate::voice::Voice;

/// What is recorded, and where to.
#[derive(Args)]
pub(crate) struct RecordArgs {
    #[command(flatten)]
    pipeline: PipelineArgs,
    /// The sources to record
    #[arg(required = true)]
    sources: Vec<String>,
    /// The folder for the recording; each source gets one of its own in it
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// Records.
pub(crate) fn record(args: &RecordArgs, voice: &Voice) -> Result<(), Failure> {
    let runtime = runtime()?;
    let counts = runtime.block_on(drive(args, voice));
    runtime.shutdown_timeout(GOODBYE);
    let mut sections = String::new();
    for (source, count) in counts? {
        told(&source, &count, voice);
        sections += &section(args, &source, &count);
    }
    voice.print(&sections)
}

async fn drive(args: &RecordArgs, voice: &Voice) -> Result<Vec<(String, Count)>, Failure> {
    let mut signals =
        Signals::new().map_err(|e| Failure::Outside(format!("cannot listen for signals: {e}")))?;
    let Recording {
        built,
        writer,
        secrets,
    } = (args.pipeline.pipeline()).record(&args.sources, &args.out)?;
    voice.hide(&secrets);
    for (name, url) in built.posting() {
        voice.say(&format!("{name}: POST rows to {url} (Ctrl-C stops)"));
    }
    let writing = thread::spawn(move || writer.run());
    let running = built.start().map_err(Error::from)?;
    let lost = "the last part of the recording is not written";
    let result = until_end(running, &args.sources, &mut signals, voice, lost).await;
    let written = writing.join().unwrap_or_else(|_| Ok(Vec::new()));
    // A writer that failed is why the sources did.
    let counts = written?;
    result?;
    Ok(counts)
}

/// Says what there is, and what a replay does not show.
fn told(source: &str, count: &Count, voice: &Voice) {
    let Count {
        rows,
        late,
        bad,
        followed,
        ..
    } = *count;
    voice.say(&format!(
        "{source}: {rows} rows recorded, {late} of them late"
    ));
    if bad > 0 {
        voice.say(&format!(
            "{source}: {bad} rows could not be taken; they are in {source}__errors.parquet"
        ));
    }
    if followed > 0 {
        voice.say(&format!(
            "{source}: {followed} late rows were late only because it had been silent \
             (idle_timeout); in a replay they are not"
        ));
    }
}

/// The section that replays a source.
fn section(args: &RecordArgs, source: &str, count: &Count) -> String {
    // The section may stand in a file of another folder.
    let out = args.out.canonicalize().unwrap_or_else(|_| args.out.clone());
    let path = out.join(source).join("*.parquet");
    let merge = if count.partitions > 1 {
        "merge = \"time\"\n"
    } else {
        ""
    };
    format!(
        "[profile.replay.source.{source}]\nconnector = \"file\"\npath = {:?}\n{merge}",
        path.display().to_string()
    )
}
