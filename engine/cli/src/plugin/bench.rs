//! `zaraba plugin bench`: how quick a plugin is.

use crate::failure::Failure;
use crate::plugin::TrialArgs;
use crate::voice::Voice;

/// Rows of a call.
const SIZES: [usize; 3] = [1, 64, 8192];

/// Measures it, half a second for each size.
pub(crate) fn bench(args: &TrialArgs, voice: &Voice) -> Result<(), Failure> {
    let (plugin, trial) = args.trial(voice)?;
    let manifest = plugin.manifest();
    let rows = args.rows_said(&trial);
    voice.print(&format!(
        "{} {}, {rows}, the host's work and ticks included\n\n{:>11} {:>12} {:>12} {:>12} {:>10}\n",
        manifest.name,
        manifest.version,
        "rows a call",
        "rows/s",
        "µs a call",
        "fuel a row",
        "memory"
    ))?;
    for size in SIZES {
        let pace = trial.bench(size).map_err(zaraba::error::Error::from)?;
        voice.print(&format!(
            "{:>11} {:>12.0} {:>12.2} {:>12} {:>6} KiB\n",
            pace.size,
            pace.rows_per_second,
            pace.call_ns / 1e3,
            pace.fuel_per_row,
            pace.memory >> 10
        ))?;
    }
    let most = plugin.limits().rows;
    if most < 8192 {
        voice.print(&format!(
            "\nA call of {} has at most {most} rows; more come in several.\n",
            plugin.language().name()
        ))?;
    }
    Ok(())
}
