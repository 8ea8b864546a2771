//! `zaraba graph`: a pipeline's nodes and edges, for people and for programs.

use crate::args::{GraphArgs, GraphFormat};
use crate::failure::Failure;
use crate::voice::Voice;

/// Prints the graph.
pub(crate) fn graph(args: &GraphArgs, voice: &Voice) -> Result<(), Failure> {
    let plan = args.pipeline.pipeline().check()?.plan;
    voice.print(&match args.format {
        GraphFormat::Mermaid => plan.graph_mermaid(),
        GraphFormat::Svg => plan.graph_svg(),
        GraphFormat::Dot => plan.graph_dot(),
        GraphFormat::Json => plan.graph_json() + "\n",
    })
}
