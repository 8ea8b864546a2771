//! A pipeline in a folder of its own, built with the library and run on threads: its files, and
//! what comes out of its channel sink `out`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use arrow::util::display::{ArrayFormatter, FormatOptions};
use tempfile::TempDir;
use zaraba::Batch;
use zaraba::error::Error;
use zaraba::pipeline::{Built, Pipeline};

/// How long a test waits for rows that must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// A folder that is gone with the test.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).expect("a file");
    }

    /// The names of the files in it.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).expect("the folder");
        let mut names: Vec<String> = entries
            .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    pub(crate) fn pipeline(&self, text: &str) -> Pipeline {
        Pipeline::from_text(self.path("pipeline.toml"), text)
    }

    /// A text without the folder's own path, and cut to its first line.
    pub(crate) fn plain(&self, text: &str) -> String {
        let path = format!("{}/", self.0.path().display());
        text.replace(&path, "")
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned()
    }

    /// How building failed.
    pub(crate) fn refusal(&self, text: &str) -> String {
        match self.pipeline(text).build() {
            Ok(_) => panic!("it was built"),
            Err(error) => self.plain(&error.to_string()),
        }
    }

    /// Runs it to its end: the rows of each stream, and how it failed.
    pub(crate) fn run(&self, text: &str) -> Ran {
        let built = self
            .pipeline(text)
            .build()
            .unwrap_or_else(|e| panic!("{e}"));
        self.run_built(built)
    }

    pub(crate) fn run_built(&self, mut built: Built) -> Ran {
        let rows = built.take_receiver("out").expect("the sink `out`");
        let reader = std::thread::spawn(move || rows.collect::<Vec<_>>());
        let meters = built.meters();
        let result = built
            .start()
            .map_err(Error::from)
            .and_then(zaraba::running::Running::join);
        let mut streams: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (stream, batch) in reader.join().expect("the reader ends") {
            let lines = lines(&batch).into_iter().map(|line| self.plain(&line));
            streams.entry(stream).or_default().extend(lines);
        }
        let errors = |name: &str| {
            let (_, meter) = meters.iter().find(|(n, _)| &**n == name).expect("a meter");
            zaraba::Meter::get(&meter.errors)
        };
        Ran {
            failure: result.err().map(|e| self.plain(&e.to_string())),
            errors: errors("ticks"),
            streams,
        }
    }
}

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) failure: Option<String>,
    /// Bad rows of the source `ticks`.
    pub(crate) errors: u64,
    streams: BTreeMap<String, Vec<String>>,
}

impl Ran {
    /// The rows of a stream, columns between bars.
    pub(crate) fn rows(&self, stream: &str) -> &[String] {
        self.streams.get(stream).map_or(&[], Vec::as_slice)
    }
}

/// Each row as text, columns between bars.
pub(crate) fn lines(batch: &Batch) -> Vec<String> {
    let options = FormatOptions::new().with_null("null");
    let columns: Vec<ArrayFormatter<'_>> = batch
        .rows
        .columns()
        .iter()
        .map(|c| ArrayFormatter::try_new(c, &options).unwrap())
        .collect();
    let line = |row| {
        columns
            .iter()
            .map(|c| c.value(row).to_string())
            .collect::<Vec<_>>()
            .join("|")
    };
    (0..batch.len()).map(line).collect()
}

/// The rows of a channel sink as they come, each with its stream's name before it.
pub(crate) struct Rows {
    rows: Receiver<String>,
    reader: JoinHandle<()>,
}

impl Rows {
    pub(crate) fn of(built: &mut Built) -> Self {
        let batches = built.take_receiver("out").expect("the sink `out`");
        let (sender, rows) = channel();
        let reader = std::thread::spawn(move || {
            for (stream, batch) in batches {
                for line in lines(&batch) {
                    let _ = sender.send(format!("{stream}: {line}"));
                }
            }
        });
        Self { rows, reader }
    }

    /// The next rows, which must come.
    pub(crate) fn expect(&self, expected: &[&str]) {
        for row in expected {
            let found = self.rows.recv_timeout(PATIENCE);
            assert_eq!(found.as_deref(), Ok(*row), "expected {expected:?}");
        }
    }

    /// Nothing comes for a while.
    pub(crate) fn expect_silence(&self) {
        let found = self.rows.recv_timeout(Duration::from_millis(300));
        assert!(found.is_err(), "{found:?} came too early");
    }

    /// Nothing more comes, and the pipeline has closed its sink.
    pub(crate) fn expect_end(self) {
        assert_eq!(self.rows.recv_timeout(PATIENCE).ok(), None);
        self.reader.join().expect("the reader ends");
    }
}
