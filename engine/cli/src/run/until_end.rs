//! Looks after a run until it has ended. The first Ctrl-C or SIGTERM stops it, the second ends at
//! once.

use std::pin::pin;
use std::process;
use std::time::Duration;

use zaraba::error::Error;
use zaraba::running::Running;

use crate::run::monitor::Monitor;
use crate::run::signals::Signals;
use crate::voice::Voice;

/// How often counters are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Exit code of a run that was ended before everything was written.
const CUT_SHORT: i32 = 1;

/// Waits, and shows how far it is. `lost`: what a second signal costs.
pub(crate) async fn until_end(
    running: Running,
    sources: &[String],
    signals: &mut Signals,
    voice: &Voice,
    lost: &str,
) -> Result<(), Error> {
    let stopper = running.stopper();
    let mut monitor = Monitor::new(sources, running.meters(), voice);
    let mut wait = pin!(running.wait());
    let mut look = tokio::time::interval(LOOK_EVERY);
    let mut stopping = false;
    let result = loop {
        tokio::select! {
            result = &mut wait => break result,
            () = signals.next() => {
                if stopping {
                    voice.bar.finish_and_clear();
                    voice.say(&format!("ended at once: {lost}"));
                    process::exit(CUT_SHORT);
                }
                stopping = true;
                stopper.stop();
            }
            _ = look.tick() => monitor.look(stopping),
        }
    };
    monitor.end(result.is_ok());
    result
}
