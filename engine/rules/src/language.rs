//! What a plugin is written in, as far as that matters: one that brings an interpreter with it needs
//! more of everything. What is found here only picks defaults; a plugin that pretends gets other
//! limits, not none.

use std::time::Duration;

use crate::limits::Limits;

/// What a plugin is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Rust, or another language that is compiled to WebAssembly.
    Compiled,
    /// JavaScript: the component holds a StarlingMonkey.
    JavaScript,
    /// Python: the component holds a CPython.
    Python,
}

/// What the tools leave in what they build.
const MARKS: [(&[u8], Language); 2] = [
    (b"\x0eComponentizeJS", Language::JavaScript),
    (b"libpython", Language::Python),
];

impl Language {
    /// Of a file: a core module, or a component.
    pub(crate) fn of(file: &[u8]) -> Self {
        // A core module, of version 1, holds no interpreter.
        if file.get(4) == Some(&1) {
            return Self::Compiled;
        }
        let has = |mark: &[u8]| file.windows(mark.len()).any(|window| window == mark);
        let found = MARKS.iter().find(|(mark, _)| has(mark));
        found.map_or(Self::Compiled, |(_, language)| *language)
    }

    /// As people write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Compiled => "compiled",
            Self::JavaScript => "JavaScript",
            Self::Python => "Python",
        }
    }

    /// What a rule in it may use if nobody says otherwise. An interpreter takes hundreds of
    /// instructions where compiled code takes one, so that a call of 8,192 rows would take seconds:
    /// it gets fewer. What was measured is in docs/reference/rules.md.
    #[must_use]
    pub fn limits(self) -> Limits {
        let interpreted = Limits {
            fuel: 100_000_000,
            rows: 512,
            deadline: Duration::from_secs(5),
            ..Limits::default()
        };
        match self {
            Self::Compiled => Limits::default(),
            // Its collector lets some 100 MB pile up before it runs, and asks nobody for the limit.
            Self::JavaScript => Limits {
                memory: 256 << 20,
                fuel_per_row: 10_000_000,
                ..interpreted
            },
            Self::Python => Limits {
                memory: 64 << 20,
                fuel_per_row: 2_000_000,
                ..interpreted
            },
        }
    }
}
