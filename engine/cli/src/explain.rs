//! `zaraba explain`: per node what it keeps and for how long, its columns, and its plan.

use crate::args::PipelineArgs;
use crate::failure::Failure;
use crate::voice::Voice;

/// Prints what each node is.
pub(crate) fn explain(args: &PipelineArgs, voice: &Voice) -> Result<(), Failure> {
    let checked = args.pipeline().check()?;
    voice.print(&checked.plan.explain())
}
