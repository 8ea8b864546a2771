//! The rows of some sources, written as they come to files from which they can be replayed. The
//! rest of the pipeline does not run.

use std::path::Path;

use zaraba_config::document::{Located, SinkConnector, SinkDoc};
use zaraba_core::error::Error as CoreError;
use zaraba_core::suggest::hint;
use zaraba_runtime::ChannelReceiver;
use zaraba_runtime::part;
use zaraba_runtime::plan::plan;
use zaraba_runtime::record::{Recorded, Recorder, bad_rows_schema, is_live};

use crate::error::Error;
use crate::history::ends;
use crate::pipeline::{Built, Checked, Pipeline};

pub use zaraba_runtime::record::Count;

/// The sink through which the rows come here. No node of a file can have this name.
const SINK: &str = "zaraba record";

/// A recording that is ready to run.
pub struct Recording {
    /// The sources, to be started.
    pub built: Built,
    /// Writes what they bring: on a thread of its own, until they end.
    pub writer: Writer,
    /// Values that must not appear in any output.
    pub secrets: Vec<String>,
}

/// Writes what the sources bring.
pub struct Writer {
    receiver: ChannelReceiver,
    recorder: Recorder,
}

impl Pipeline {
    /// Makes a recording of these sources ready, in a folder for each below `dir`.
    ///
    /// # Errors
    /// The mistakes of the pipeline, a source that there is not, or what could not be opened.
    pub fn record(&self, sources: &[String], dir: &Path) -> Result<Recording, Error> {
        // All mistakes are told, also of what will not run.
        let whole = self.check()?;
        let known = whole.plan.source_names();
        if let Some(wrong) = sources.iter().find(|name| !known.contains(name)) {
            let hint = hint(wrong, known.iter().map(String::as_str));
            let there = known.join(", ");
            let message = format!("no source `{wrong}`{hint}: there are {there}");
            return Err(CoreError::user(message).into());
        }
        let checked = self.alone(sources, &whole)?;
        let recorded: Vec<Recorded> = (checked.plan.sources.iter())
            .map(|source| Recorded {
                name: source.doc.name.value.clone(),
                columns: source.schema.columns.clone(),
                errors: bad_rows_schema(),
                time: source
                    .schema
                    .columns
                    .index_of(&source.doc.time.value)
                    .unwrap_or(0),
                out_of_order: source.doc.out_of_order,
                live: is_live(&source.doc),
            })
            .collect();
        let recorder = Recorder::new(dir, &recorded)?;
        let mut built = self.build_checked(&checked)?;
        let receiver = built.take_receiver(SINK);
        let receiver = receiver.ok_or_else(|| CoreError::internal("a sink without its end"))?;
        Ok(Recording {
            built,
            writer: Writer { receiver, recorder },
            secrets: whole.secrets,
        })
    }

    /// The plan of these sources, all their columns and side streams, and nothing else.
    fn alone(&self, sources: &[String], whole: &Checked) -> Result<Checked, Error> {
        let loaded = self.load();
        let Some(mut document) = loaded.document else {
            return Err(CoreError::internal("a file that was checked has gone").into());
        };
        part::keep(&mut document, sources);
        for source in &mut document.sources {
            // A replay reads the files of the past itself.
            source.bootstrap = None;
            if ends(source) {
                // How fast its rows come changes none of them.
                source.speed = None;
            }
        }
        let Some(span) = document.sources.first().map(|s| s.name.span) else {
            return Err(CoreError::user("expected a source to record").into());
        };
        let here = |value: String| Located { value, span };
        let streams = sources
            .iter()
            .flat_map(|name| ["", "__late", "__errors"].map(|side| here(format!("{name}{side}"))));
        document.sinks = vec![SinkDoc {
            name: here(SINK.to_owned()),
            from: streams.collect(),
            connector: SinkConnector::Channel,
        }];
        let (planned, mistakes) = plan(&document, &self.extensions);
        let plan = planned.ok_or_else(|| Error::Mistakes(loaded.sources.render_all(&mistakes)))?;
        Ok(Checked {
            plan,
            ..whole.clone()
        })
    }
}

impl Writer {
    /// Writes until the sources have ended. What was recorded, by source.
    ///
    /// # Errors
    /// When it cannot be written; then the sources fail, too.
    pub fn run(mut self) -> Result<Vec<(String, Count)>, Error> {
        while let Some((stream, rows)) = self.receiver.recv() {
            self.recorder.write(&stream, &rows)?;
        }
        Ok(self.recorder.close()?)
    }
}
