//! Plugins off any pipeline: what they are, whether they keep the contract, how quick they are. For
//! programs that help to write them.

use std::path::Path;

use serde_json::{Map, Value};
use zaraba_core::batch::Batch;
use zaraba_core::error::Error as CoreError;
use zaraba_core::suggest::hint;

use crate::error::Error;
use crate::pipeline::Pipeline;

pub use zaraba_runtime::plugins::{
    Difference, Field, Manifest, Outcome, Pace, Plugin, Stream, Table, Trial, type_name,
};

/// The contract that plugins keep to.
pub const CONTRACT: &str = "zaraba:rules@0.1.0";

/// Loads one.
///
/// # Errors
/// When the file is not there, or is no plugin: why.
pub fn open(file: &Path) -> Result<Plugin, Error> {
    Ok(zaraba_runtime::plugins::load_plugin(file)?)
}

/// Files with rows of a stream of a plugin.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The stream, as the plugin calls it; none: its only one.
    pub stream: Option<String>,
    /// `recorded/*.parquet`
    pub path: String,
}

/// A trial with recorded rows; `time` is the column with their times.
///
/// # Errors
/// When a stream has no files, or they cannot be read.
pub fn with_recorded(
    plugin: &Plugin,
    params: Map<String, Value>,
    recorded: &[Recorded],
    time: &str,
) -> Result<Trial, Error> {
    let names: Vec<&str> = plugin
        .manifest()
        .streams
        .iter()
        .map(|s| s.name.as_str())
        .collect();
    for stream in recorded.iter().filter_map(|of| of.stream.as_deref()) {
        if !names.contains(&stream) {
            let hint = hint(stream, names.iter().copied());
            let there = names.join(", ");
            let text = format!("the plugin reads no stream `{stream}`{hint}: it reads {there}");
            return Err(CoreError::user(text).into());
        }
    }
    let mut streams = Vec::new();
    for stream in &plugin.manifest().streams {
        let name = stream.name.as_str();
        let mut of = recorded.iter().filter(|of| match &of.stream {
            Some(stream) => stream == name,
            None => names.len() == 1,
        });
        let files = of.next().ok_or_else(|| {
            CoreError::user(format!(
                "no files for the stream `{name}`: --from {name}=PATH"
            ))
        })?;
        streams.push(read(&files.path, time, stream)?);
    }
    Ok(Trial::with(plugin, params, streams)?)
}

/// Types of columns where the pipeline's word is another than the plugin's.
fn column_type(field: &Field) -> &'static str {
    match type_name(field.data_type) {
        "boolean" => "bool",
        same => same,
    }
}

/// The rows of files, read as a pipeline reads them. Parquet says what its columns are; of others the
/// columns are read that the plugin cannot do without.
fn read(path: &str, time: &str, stream: &Stream) -> Result<Vec<Batch>, Error> {
    let mut file = format!(
        "[source.rows]\nconnector = \"file\"\npath = {path:?}\ntime = {time:?}\n\
         out_of_order = \"1d\"\n"
    );
    if !path.ends_with(".parquet") {
        let others = stream
            .fields
            .iter()
            .filter(|field| !field.optional && field.name != time);
        let others = others.map(|field| format!("{:?} = {:?}", field.name, column_type(field)));
        let columns: Vec<String> = std::iter::once(format!("{time:?} = \"timestamp\""))
            .chain(others)
            .collect();
        file += &format!("schema = {{ {} }}\n", columns.join(", "));
    }
    file += "[sink.out]\nconnector = \"channel\"\nfrom = [\"rows\"]\n";
    let folder = std::env::current_dir().map_err(|e| CoreError::outside(e.to_string()))?;
    let pipeline = Pipeline::from_text(folder.join("--from"), file);
    let checked = pipeline.check()?;
    let columns = checked
        .plan
        .sources
        .first()
        .map(|source| source.schema.columns.clone());
    let mut built = pipeline.build_checked(&checked)?;
    let receiver = built.take_receiver("out");
    let missing = || CoreError::internal("a source that was written is not there");
    let (receiver, columns) = receiver.zip(columns).ok_or_else(missing)?;
    let running = built.start()?;
    let mut rows = vec![Batch::empty(columns)];
    rows.extend(receiver.map(|(_, rows)| rows));
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.map_err(|e| CoreError::outside(e.to_string()))?;
    runtime.block_on(running.wait())?;
    Ok(rows)
}
