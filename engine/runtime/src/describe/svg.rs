//! The graph as a picture, light or dark as its reader likes: `<g data-node="NAME">` for each
//! node, with an empty `<text class="figures">` that a page may fill, and `<path data-from=…
//! data-to=…>` for each edge. A page that embeds it sets colours by `--zaraba-ink`, `-paper`,
//! `-edge`, `-source`, `-table`, `-query`, `-sink`.

use std::fmt::Write as _;

use zaraba_core::diagnostic::width;

use crate::describe::layout::{Layout, Place, layout};
use crate::describe::{Shown, edge};
use crate::plan::PipelinePlan;

/// Space around everything.
const MARGIN: f64 = 24.0;
const HEIGHT: f64 = 48.0;
/// Width of a letter of a name, and of the line below, in the fonts below.
const LETTER: f64 = 7.9;
const SMALL_LETTER: f64 = 6.7;
const PADDING: f64 = 32.0;
const WIDTH_MIN: f64 = 96.0;
/// Space between two edges that end at one node.
const EDGE_GAP: f64 = 9.0;

/// Colours by name: light, dark.
const COLOURS: [(&str, &str, &str); 10] = [
    ("ink", "#1c2128", "#e6e8eb"),
    ("paper", "#ffffff", "#15181c"),
    ("edge", "#8a929c", "#7d8590"),
    ("source", "#0b6bcb", "#6cb2ff"),
    ("table", "#1f7a4d", "#5fd39b"),
    ("query", "#6f42c1", "#b99aff"),
    ("alert", "#b3261e", "#ff8f87"),
    ("rule", "#b3261e", "#ff8f87"),
    ("alerts", "#b3261e", "#ff8f87"),
    ("sink", "#b35900", "#ffb066"),
];

/// Streams from one node to another.
struct Edge {
    from: usize,
    to: usize,
    streams: Vec<String>,
}

impl PipelinePlan {
    /// As SVG.
    #[must_use]
    pub fn graph_svg(&self) -> String {
        let shown = self.shown();
        let edges = edges(&shown);
        let sizes: Vec<(f64, f64)> = shown.iter().map(|s| (width_of(s), HEIGHT)).collect();
        let pairs: Vec<(usize, usize)> = edges.iter().map(|e| (e.from, e.to)).collect();
        let placed = layout(&sizes, &pairs);
        let (w, h) = (placed.width + 2.0 * MARGIN, placed.height + 2.0 * MARGIN);
        let name = escaped(&self.name);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"zaraba-graph\" role=\"img\" \
             aria-label=\"{name}\" viewBox=\"0 0 {w:.0} {h:.0}\" width=\"{w:.0}\" \
             height=\"{h:.0}\">\n<title>{name}</title>\n<style>{}</style>\n\
             <rect class=\"paper\" width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n\
             <g transform=\"translate({MARGIN} {MARGIN})\">\n",
            style()
        );
        for i in 0..edges.len() {
            draw_edge(&mut svg, &shown, &edges, i, &placed);
        }
        // Above the lines.
        for i in 0..edges.len() {
            draw_label(&mut svg, &edges, i, &placed);
        }
        for (node, place) in shown.iter().zip(&placed.nodes) {
            draw_node(&mut svg, node, *place);
        }
        svg.push_str("</g>\n</svg>\n");
        svg
    }
}

/// The edges, one for all streams of a node that another reads.
fn edges(shown: &[Shown]) -> Vec<Edge> {
    let mut edges: Vec<Edge> = Vec::new();
    for (to, reader) in shown.iter().enumerate() {
        for stream in &reader.reads {
            let node = edge(stream).0;
            let Some(from) = shown.iter().position(|s| s.name == node) else {
                continue;
            };
            match edges.iter_mut().find(|e| (e.from, e.to) == (from, to)) {
                Some(edge) if edge.streams.contains(stream) => {}
                Some(edge) => edge.streams.push(stream.clone()),
                None => edges.push(Edge {
                    from,
                    to,
                    streams: vec![stream.clone()],
                }),
            }
        }
    }
    edges
}

#[expect(clippy::cast_precision_loss, reason = "a name's letters are few")]
fn width_of(node: &Shown) -> f64 {
    let name = width(&node.name) as f64 * LETTER;
    let below = width(&below(node)) as f64 * SMALL_LETTER;
    (name.max(below) + PADDING).max(WIDTH_MIN).ceil()
}

/// The line below a node's name.
fn below(node: &Shown) -> String {
    format!("{}: {}", node.kind, node.detail)
}

fn style() -> String {
    let set = |dark: bool| {
        let colour = |(name, light, night): &(&str, &str, &str)| {
            let colour = if dark { night } else { light };
            format!("--g-{name}:var(--zaraba-{name},{colour})")
        };
        COLOURS.iter().map(colour).collect::<Vec<_>>().join(";")
    };
    let kinds = [
        "source", "table", "query", "alert", "rule", "alerts", "sink",
    ];
    let kind = |k: &str| {
        format!(
            ".zaraba-graph .{k} .box{{stroke:var(--g-{k});fill:color-mix(in srgb,var(--g-{k}) \
             9%,var(--g-paper))}}.zaraba-graph .{k} .below{{fill:var(--g-{k})}}"
        )
    };
    format!(
        ".zaraba-graph{{{}}}@media(prefers-color-scheme:dark){{.zaraba-graph{{{}}}}}\
         .zaraba-graph text{{font-family:ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;\
         font-size:11px;fill:var(--g-ink)}}.zaraba-graph .name{{font-size:13px;font-weight:600}}\
         .zaraba-graph .paper,.zaraba-graph .box{{fill:var(--g-paper)}}.zaraba-graph .box{{stroke:\
         var(--g-edge)}}.zaraba-graph .edge{{fill:none;\
         stroke:var(--g-edge);stroke-width:1.5}}.zaraba-graph .tip{{fill:var(--g-edge)}}\
         .zaraba-graph .label{{font-size:10px;paint-order:stroke;stroke:var(--g-paper);\
         stroke-width:3px}}{}",
        set(false),
        set(true),
        kinds.map(kind).concat()
    )
}

fn draw_node(svg: &mut String, node: &Shown, place: Place) {
    let Place { x, width, .. } = place;
    let (middle, top) = (x + width / 2.0, place.y - HEIGHT / 2.0);
    let round = match node.kind {
        "source" => HEIGHT / 2.0,
        "sink" => 2.0,
        _ => 8.0,
    };
    let colour = COLOURS.iter().find(|(name, ..)| *name == node.kind);
    let colour = colour.map_or("#1c2128", |(_, light, _)| light);
    let name = escaped(&node.name);
    // Attributes are for programs that know no variables.
    let _ = writeln!(
        svg,
        "<g class=\"node {kind}\" id=\"node-{name}\" data-node=\"{name}\" data-kind=\"{kind}\">\
         <rect class=\"box\" x=\"{x:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{HEIGHT}\" \
         rx=\"{round}\" fill=\"#ffffff\" stroke=\"{colour}\" stroke-width=\"1.5\"/>{inner}\
         <text class=\"name\" x=\"{middle:.1}\" y=\"{:.1}\" font-family=\"monospace\" \
         font-size=\"13\" font-weight=\"600\" text-anchor=\"middle\">{name}</text>\
         <text class=\"below\" x=\"{middle:.1}\" y=\"{:.1}\" font-family=\"monospace\" \
         font-size=\"11\" text-anchor=\"middle\">{}</text>\
         <text class=\"figures\" x=\"{middle:.1}\" y=\"{:.1}\" font-family=\"monospace\" \
         font-size=\"11\" text-anchor=\"middle\"></text></g>",
        place.y - 3.0,
        place.y + 14.0,
        escaped(&below(node)),
        place.y + HEIGHT / 2.0 + 14.0,
        kind = node.kind,
        inner = inner(node, place, colour),
    );
}

/// What tells a table and a sink from a query also without colours.
fn inner(node: &Shown, place: Place, colour: &str) -> String {
    let (left, right) = (place.x, place.x + place.width);
    let (top, bottom) = (place.y - HEIGHT / 2.0, place.y + HEIGHT / 2.0);
    let line = |path: String| {
        format!("<path class=\"box\" d=\"{path}\" fill=\"none\" stroke=\"{colour}\"/>")
    };
    match node.kind {
        "table" => line(format!("M{left:.1} {:.1}H{right:.1}", top + 6.0)),
        "sink" => line(format!("M{:.1} {top:.1}V{bottom:.1}", right - 6.0)),
        _ => String::new(),
    }
}

/// Draws the `i`th edge.
fn draw_edge(svg: &mut String, shown: &[Shown], edges: &[Edge], i: usize, placed: &Layout) {
    let edge = &edges[i];
    let (from, to) = (placed.nodes[edge.from], placed.nodes[edge.to]);
    let comes = port(placed, edges, i, |e| e.to);
    let mut path = Path::from(from.x + from.width, port(placed, edges, i, |e| e.from));
    for passed in &placed.edges[i] {
        path.curve(passed.x, passed.y);
        path.along(passed.x + passed.width);
    }
    path.curve(to.x - 6.0, comes);
    let name = |i: usize| escaped(&shown[i].name);
    // Writing to memory cannot fail.
    let _ = writeln!(
        svg,
        "<path class=\"edge\" data-from=\"{}\" data-to=\"{}\" data-streams=\"{}\" d=\"{}\" \
         fill=\"none\" stroke=\"#8a929c\" stroke-width=\"1.5\"/><path class=\"tip\" \
         d=\"M{:.1} {comes:.1}l-8 -4v8z\" fill=\"#8a929c\"/>",
        name(edge.from),
        name(edge.to),
        escaped(&edge.streams.join(" ")),
        path.text,
        to.x,
    );
}

/// Says which side streams an edge is, where it leaves its node.
fn draw_label(svg: &mut String, edges: &[Edge], i: usize, placed: &Layout) {
    let Some(label) = label(&edges[i]) else {
        return;
    };
    let from = placed.nodes[edges[i].from];
    let leaves = port(placed, edges, i, |e| e.from);
    let _ = writeln!(
        svg,
        "<text class=\"label\" x=\"{:.1}\" y=\"{:.1}\" font-family=\"monospace\" \
         font-size=\"10\">{}</text>",
        from.x + from.width + 8.0,
        if leaves > from.y {
            leaves + 11.0
        } else {
            leaves - 3.0
        },
        escaped(&label),
    );
}

/// A line that is drawn from left to right.
struct Path {
    text: String,
    last: (f64, f64),
}

impl Path {
    fn from(x: f64, y: f64) -> Self {
        Self {
            text: format!("M{x:.1} {y:.1}"),
            last: (x, y),
        }
    }

    /// On to a place, level at both ends.
    fn curve(&mut self, x: f64, y: f64) {
        let (middle, before) = (f64::midpoint(self.last.0, x), self.last.1);
        let _ = write!(
            self.text,
            "C{middle:.1} {before:.1} {middle:.1} {y:.1} {x:.1} {y:.1}"
        );
        self.last = (x, y);
    }

    fn along(&mut self, x: f64) {
        let _ = write!(self.text, "H{x:.1}");
        self.last.0 = x;
    }
}

/// The height at which an edge leaves or reaches a node (`at`): those of one node beside each
/// other, in the order of where they go.
#[expect(clippy::cast_precision_loss, reason = "few edges end at one node")]
fn port(placed: &Layout, edges: &[Edge], i: usize, at: fn(&Edge) -> usize) -> f64 {
    let node = at(&edges[i]);
    let leaves = node == edges[i].from;
    let other = |i: usize| {
        let passed = &placed.edges[i];
        let next = if leaves {
            passed.first()
        } else {
            passed.last()
        };
        let edge = &edges[i];
        let end = placed.nodes[if leaves { edge.to } else { edge.from }];
        next.unwrap_or(&end).y
    };
    let mut beside: Vec<usize> = (0..edges.len())
        .filter(|e| at(&edges[*e]) == node)
        .collect();
    beside.sort_by(|a, b| other(*a).total_cmp(&other(*b)));
    let n = beside.len() as f64;
    let place = beside.iter().position(|e| *e == i).unwrap_or(0) as f64;
    let gap = EDGE_GAP.min((HEIGHT - 12.0) / n);
    placed.nodes[node].y + (place - (n - 1.0) / 2.0) * gap
}

/// The side streams among an edge's; none where it is the node's own stream alone.
fn label(edge_of: &Edge) -> Option<String> {
    let sides = edge_of.streams.iter().filter_map(|stream| edge(stream).1);
    let sides = sides.collect::<Vec<_>>().join(", ");
    let own = edge_of
        .streams
        .iter()
        .any(|stream| edge(stream).1.is_none());
    match (sides.is_empty(), own) {
        (true, _) => None,
        (false, true) => Some(format!("+ {sides}")),
        (false, false) => Some(sides),
    }
}

/// Text as XML has it.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
