//! Readers of somebody else's panic over damaged bytes, which the engine is to catch.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

/// Lets readers of somebody else's panic over damaged bytes where the engine catches it, as it does
/// for files of columns and workbooks. Panics of our own end the run at their place.
pub fn allow_foreign_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let foreign = |file: &str| file.contains("/registry/src/") || file.starts_with("/rustc/");
        if panic.location().is_some_and(|place| foreign(place.file())) {
            // The engine catches it; else libFuzzer ends the process, and prints this.
            *LAST.lock().unwrap_or_else(PoisonError::into_inner) = panic.to_string();
        } else {
            eprintln!("{panic}\n{}", std::backtrace::Backtrace::force_capture());
            std::process::abort();
        }
    }));
}

/// The last panic of somebody else's reader.
static LAST: Mutex<String> = Mutex::new(String::new());

/// Runs one input; a panic that nobody caught is shown before the process ends.
pub fn contained(work: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(work)).is_err() {
        eprintln!(
            "nobody caught: {}",
            LAST.lock().unwrap_or_else(PoisonError::into_inner)
        );
        std::process::abort();
    }
}
