//! Why a call failed, in the words of whoever runs the rule.

use wasmtime::Trap;

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
    /// From what wasmtime says. `memory` is what the limiter refused, if it did.
    pub(crate) fn of(
        error: &wasmtime::Error,
        fuel: u64,
        deadline: std::time::Duration,
        memory: Option<(usize, usize)>,
    ) -> Self {
        if let Some(refused) = error.downcast_ref::<Self>() {
            return refused.clone();
        }
        if let Some((wanted, limit)) = memory {
            return Self::Memory { wanted, limit };
        }
        match error.downcast_ref::<Trap>() {
            Some(Trap::OutOfFuel) => Self::Fuel(fuel),
            Some(Trap::Interrupt) => Self::Deadline(deadline.as_millis()),
            Some(Trap::StackOverflow) => Self::Stack,
            Some(trap) => Self::Trap(format!("{trap}{}", frames(error))),
            None => Self::Trap(format!("{:#}", error)),
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
