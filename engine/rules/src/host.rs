//! What all rules of a process share: wasmtime's engine, the ticker that stands behind deadlines, and
//! the folder where compiled code is kept.

use std::path::PathBuf;
use std::time::Duration;

use wasmtime::{Config, Engine, OptLevel};
use zaraba_core::error::{Error, Result};

use crate::limits::STACK;

/// How often the epoch advances: how exact a deadline is.
pub(crate) const TICK: Duration = Duration::from_millis(5);

/// Compiles and runs plugins. Cheap to clone.
#[derive(Clone)]
pub struct Host {
    engine: Engine,
    cache: Option<PathBuf>,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host")
            .field("cache", &self.cache)
            .finish_non_exhaustive()
    }
}

impl Host {
    /// A host that keeps compiled code in a folder (none: it compiles each time).
    ///
    /// # Errors
    /// When wasmtime refuses its settings, or the machine has no thread left.
    pub fn new(cache: Option<PathBuf>) -> Result<Self> {
        let engine = Engine::new(&config()).map_err(|e| Error::internal(format!("{e:#}")))?;
        tick(&engine)?;
        Ok(Self { engine, cache })
    }

    pub(crate) const fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(crate) fn cache(&self) -> Option<&std::path::Path> {
        self.cache.as_deref()
    }
}

/// Both brakes on, and floats that are the same on every machine: a replay must come out the same.
fn config() -> Config {
    let mut config = Config::new();
    config
        .consume_fuel(true)
        .epoch_interruption(true)
        .max_wasm_stack(STACK)
        .cranelift_opt_level(OptLevel::Speed)
        .cranelift_nan_canonicalization(true)
        .relaxed_simd_deterministic(true)
        .wasm_backtrace_max_frames(std::num::NonZeroUsize::new(8))
        .wasm_component_model(true);
    config
}

/// One thread advances the epoch for as long as the engine lives.
fn tick(engine: &Engine) -> Result<()> {
    let weak = engine.weak();
    let tick = move || {
        while let Some(engine) = weak.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(TICK);
        }
    };
    let thread = std::thread::Builder::new().name("zaraba-rules-deadline".into());
    let started = thread.spawn(tick);
    started.map_err(|error| {
        Error::outside(format!("no thread for the deadlines of rules: {error}"))
    })?;
    Ok(())
}
