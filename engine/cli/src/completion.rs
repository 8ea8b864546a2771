//! `zaraba completion`: what makes a shell complete commands, options and their values.

use clap::CommandFactory as _;
use clap_complete::{Shell, generate};

use crate::args::Cli;
use crate::failure::Failure;
use crate::voice::Voice;

/// Prints the shell's script.
pub(crate) fn completion(shell: Shell, voice: &Voice) -> Result<(), Failure> {
    let mut script = Vec::new();
    generate(shell, &mut Cli::command(), "zaraba", &mut script);
    voice.print(&String::from_utf8_lossy(&script))
}
