//! `zaraba connect`: asks how to reach a source, writes it into a pipeline file, reads from it once,
//! and tells what came and which figures of the desk will be missing. `ask` asks, `own` describes
//! sources of the user's own layout, `vendor` and `kabu` those with a shipped feed, `write` changes files,
//! `report` tells.

mod ask;

mod kabu;

mod own;

mod push;

mod report;

mod vendor;

mod write;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use zaraba::look::{LookOptions, look};
use zaraba::pipeline::Pipeline;

use self::ask::{Asker, Lang};
use crate::failure::Failure;
use crate::voice::Voice;

/// Rows that are read to count nulls, and shown.
const ROWS: usize = 1_000;
const SHOWN: usize = 5;

/// How long the first row may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// What `connect` is told.
#[derive(Args)]
pub(crate) struct ConnectArgs {
    /// What to connect to
    kind: Kind,
    /// The pipeline file that the source is written into; made if it is not there
    #[arg(long, value_name = "FILE", default_value = "pipeline.toml")]
    into: PathBuf,
    /// Answer a question beforehand; may be given several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = crate::args::assignment)]
    answer: Vec<(String, String)>,
    /// Ask nothing: take what is proposed
    #[arg(long)]
    yes: bool,
    /// The language of questions; by LANG if left out
    #[arg(long)]
    lang: Option<Lang>,
}

/// What can be connected to.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// A CSV file
    Csv,
    /// An address that is asked for JSON
    Http,
    /// A server that pushes JSON
    Websocket,
    /// kabu STATION
    Kabu,
    /// J-Quants
    Jquants,
    /// A workbook that a script sends
    Excel,
}

/// A source that was described.
struct Made {
    /// The source, and its section; none: it is in a feed.
    source: Option<(String, toml_edit::Table)>,
    /// A feed to put beside the pipeline, by its file's name, and what is included with it.
    feed: Option<(String, String)>,
    /// More files to put beside it.
    files: Vec<(String, String)>,
    /// The streams to look at.
    streams: Vec<String>,
    /// Canonical columns that it brings.
    brings: BTreeSet<String>,
    /// What is to be said of a source of one's own.
    own: Option<String>,
    /// What to do before rows can come, where that is not for this program.
    wait: Option<String>,
}

/// Asks, writes, reads and tells.
pub(crate) fn connect(args: &ConnectArgs, voice: &Voice) -> Result<(), Failure> {
    let mut asker = Asker::new(&args.answer, args.yes, args.lang, voice);
    let made = match args.kind {
        Kind::Csv => own::csv(&mut asker, &args.into)?,
        Kind::Http => own::http(&mut asker)?,
        Kind::Websocket => own::websocket(&mut asker)?,
        Kind::Kabu => kabu::kabu(&mut asker)?,
        Kind::Jquants => vendor::jquants(&mut asker)?,
        Kind::Excel => vendor::excel(&mut asker)?,
    };
    asker.all_used()?;
    let written = write::write(&args.into, &made, &mut asker)?;
    for path in written {
        let path = path.display();
        voice.print(&asker.say(
            &format!("{path} に書きました\n"),
            &format!("wrote {path}\n"),
        ))?;
    }
    let pipeline = Pipeline::from_text(&args.into, write::for_a_look(&args.into, &made)?);
    let checked = pipeline.check()?;
    voice.hide(&checked.secrets);
    let found = match &made.wait {
        Some(text) => {
            voice.print(text)?;
            None
        }
        None => {
            let options = LookOptions {
                rows_max: ROWS,
                kept: SHOWN,
                patience: PATIENCE,
            };
            let runtime = tokio::runtime::Runtime::new();
            let runtime = runtime.map_err(|e| Failure::Outside(e.to_string()))?;
            let _inside = runtime.enter();
            Some(look(pipeline, write::LOOK, options)?)
        }
    };
    if let Some(found) = &found {
        voice.print(&report::rows(found, &asker))?;
    }
    voice.print(&report::figures(&made.brings, &asker))?;
    voice.print(made.own.as_deref().unwrap_or_default())?;
    let nothing = found.is_some_and(|streams| streams.is_empty());
    if nothing {
        return Err(Failure::Outside(asker.say(
            "行が届きませんでした。上の警告を見てください",
            "no row came; see the warnings above",
        )));
    }
    Ok(())
}
