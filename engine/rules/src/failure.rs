//! Why a call failed, in the words of whoever runs the rule.

use std::time::Duration;

use wasmtime::Trap;

/// What a call was allowed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowed {
    pub(crate) fuel: u64,
    pub(crate) deadline: Duration,
    pub(crate) output: usize,
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(crate) enum Failure {
    /// The rule's own words.
    #[error("the rule says: {0}")]
    Rule(String),
    /// It used up its fuel.
    #[error("it used up the fuel of a call ({0})")]
    Fuel(u64),
    /// It took too long.
    #[error("it ran past its deadline of {0} ms")]
    Deadline(u128),
    /// It wanted more memory than it may have.
    #[error("it wanted {wanted} bytes of memory; `limits.memory` is {limit}")]
    Memory {
        /// How much it would have had.
        wanted: usize,
        /// How much it may have.
        limit: usize,
    },
    /// It handed over more than it may.
    #[error("it handed over more than {0} bytes (`limits.output`)")]
    Output(usize),
    /// Its calls nest too deep.
    #[error("its calls nest too deep")]
    Stack,
    /// It answered something that the contract or its manifest does not allow, or too much.
    #[error("{0}")]
    Answer(String),
    /// It trapped.
    #[error("it trapped: {0}")]
    Trap(String),
}

impl Failure {
    /// Whether the call took as long as it was let.
    pub(crate) const fn is_slow(&self) -> bool {
        matches!(self, Self::Fuel(_) | Self::Deadline(_))
    }

    /// From what wasmtime says. `refused` is what the memory's limiter refused, if it did.
    pub(crate) fn of(
        error: &wasmtime::Error,
        allowed: Allowed,
        refused: Option<(usize, usize)>,
    ) -> Self {
        if let Some(failure) = error.downcast_ref::<Self>() {
            return failure.clone();
        }
        if let Some((wanted, limit)) = refused {
            return Self::Memory { wanted, limit };
        }
        match error.downcast_ref::<Trap>() {
            Some(Trap::OutOfFuel) => Self::Fuel(allowed.fuel),
            Some(Trap::Interrupt) => Self::Deadline(allowed.deadline.as_millis()),
            Some(Trap::StackOverflow) => Self::Stack,
            Some(trap) => Self::Trap(format!("{trap}{}", frames(error))),
            // wasmtime has no type for it.
            None if error
                .root_cause()
                .to_string()
                .contains("too much data is being copied") =>
            {
                Self::Output(allowed.output)
            }
            None => Self::Trap(format!("{error:#}")),
        }
    }
}

/// The innermost functions, where the plugin kept their names.
fn frames(error: &wasmtime::Error) -> String {
    let Some(trace) = error.downcast_ref::<wasmtime::WasmBacktrace>() else {
        return String::new();
    };
    let names = trace
        .frames()
        .iter()
        .filter_map(wasmtime::FrameInfo::func_name);
    let names: Vec<&str> = names.take(4).collect();
    match names.is_empty() {
        true => String::new(),
        false => format!(" in {}", names.join(" < ")),
    }
}
