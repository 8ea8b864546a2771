//! A pipeline inside a program, in five lines: its rows come out of a channel.

use std::error::Error;
use std::thread;

use zaraba::pipeline::Pipeline;

/// Ten minutes of ticks, from 9:00:00, with the last at or after 9:10:00: eleven bars.
pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/five_lines.toml");
    let mut pipeline = Pipeline::from_path(file).build()?;
    let rows = pipeline
        .take_receiver("out")
        .ok_or("no sink `out` with a channel")?;
    let bars = thread::spawn(|| rows.map(|(_stream, batch)| batch.len()).sum::<usize>());
    tokio::runtime::Runtime::new()?.block_on(pipeline.run())?;
    assert_eq!(bars.join().ok(), Some(11));
    Ok(())
}
