//! Where the nodes of a graph without circles stand: in layers from left to right, each node
//! behind all that it reads, in an order with few crossings, as near to its neighbours as the
//! others let it. A long edge has a place in every layer that it passes, so that it goes around
//! nodes and not behind them.

use std::collections::BTreeMap;

/// How often the order and the heights are looked at again, once from each side.
const SWEEPS: usize = 8;
/// Space between two nodes of a layer.
const GAP: f64 = 26.0;
/// Space between two layers.
const LAYER_GAP: f64 = 64.0;
/// Height of an edge that passes a layer.
const PASSING: f64 = 6.0;

/// A box.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    pub(super) x: f64,
    /// Its middle.
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// Places of a graph.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) nodes: Vec<Place>,
    /// Per edge what it passes, from left to right.
    pub(super) edges: Vec<Vec<Place>>,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// The graph with a vertex wherever an edge passes a layer.
struct Proper {
    sizes: Vec<(f64, f64)>,
    layer: Vec<usize>,
    /// Vertices that each reads, and that each is read by.
    before: Vec<Vec<usize>>,
    behind: Vec<Vec<usize>>,
    /// Per edge the vertices that it passes.
    passes: Vec<Vec<usize>>,
    /// Per layer its vertices from top to bottom.
    order: Vec<Vec<usize>>,
}

/// Places boxes of these sizes; edges from one to another, of which no way leads back.
pub(super) fn layout(sizes: &[(f64, f64)], edges: &[(usize, usize)]) -> Layout {
    let mut graph = Proper::new(sizes, edges);
    graph.reorder();
    let heights = graph.heights();
    let mut left = Vec::new();
    let mut x = 0.0;
    for layer in &graph.order {
        let width = layer.iter().map(|v| graph.sizes[*v].0).fold(0.0, f64::max);
        left.push((x, width));
        x += width + LAYER_GAP;
    }
    let place = |v: usize| {
        let ((x, wide), (width, height)) = (left[graph.layer[v]], graph.sizes[v]);
        let passing = v >= sizes.len();
        Place {
            x: if passing { x } else { x + (wide - width) / 2.0 },
            y: heights[v],
            width: if passing { wide } else { width },
            height,
        }
    };
    let bottom = (0..graph.sizes.len()).map(|v| heights[v] + graph.sizes[v].1 / 2.0);
    Layout {
        nodes: (0..sizes.len()).map(place).collect(),
        edges: (graph.passes.iter())
            .map(|passed| passed.iter().map(|v| place(*v)).collect())
            .collect(),
        width: (x - LAYER_GAP).max(0.0),
        height: bottom.fold(0.0, f64::max),
    }
}

/// How many layers lie before each node: one behind the last that it reads. One that reads nothing
/// stands just before the first that reads it.
fn layers(n: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let mut layer = vec![0; n];
    for _ in 0..n {
        let mut moved = false;
        for (from, to) in edges {
            if layer[*to] <= layer[*from] && layer[*from] < n {
                layer[*to] = layer[*from] + 1;
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
    for v in (0..n).filter(|v| edges.iter().all(|(_, to)| to != v)) {
        let readers = edges.iter().filter(|(from, _)| *from == v);
        let first = readers.map(|(_, to)| layer[*to]).min();
        layer[v] = first.map_or(0, |first| first.saturating_sub(1));
    }
    layer
}

impl Proper {
    fn new(sizes: &[(f64, f64)], edges: &[(usize, usize)]) -> Self {
        let mut graph = Self {
            sizes: sizes.to_vec(),
            layer: layers(sizes.len(), edges),
            before: vec![Vec::new(); sizes.len()],
            behind: vec![Vec::new(); sizes.len()],
            passes: Vec::new(),
            order: Vec::new(),
        };
        for (from, to) in edges {
            let (mut last, mut passed) = (*from, Vec::new());
            for layer in graph.layer[*from] + 1..graph.layer[*to] {
                let v = graph.sizes.len();
                graph.sizes.push((0.0, PASSING));
                graph.layer.push(layer);
                graph.before.push(Vec::new());
                graph.behind.push(Vec::new());
                graph.join(last, v);
                passed.push(v);
                last = v;
            }
            graph.join(last, *to);
            graph.passes.push(passed);
        }
        let layers = graph.layer.iter().max().map_or(0, |last| last + 1);
        graph.order = vec![Vec::new(); layers];
        for (v, layer) in graph.layer.iter().enumerate() {
            graph.order[*layer].push(v);
        }
        graph
    }

    fn join(&mut self, from: usize, to: usize) {
        self.behind[from].push(to);
        self.before[to].push(from);
    }

    /// Puts each vertex where the middle of its neighbours is; the order with the fewest
    /// crossings stays.
    fn reorder(&mut self) {
        let mut best = (self.crossings(), self.order.clone());
        for sweep in 0..SWEEPS {
            let layers: Vec<usize> = if sweep % 2 == 0 {
                (1..self.order.len()).collect()
            } else {
                (0..self.order.len().saturating_sub(1)).rev().collect()
            };
            for layer in layers {
                let at = self.places();
                let neighbours = if sweep % 2 == 0 {
                    &self.before
                } else {
                    &self.behind
                };
                let wanted = |v: &usize| mean(neighbours[*v].iter().map(|n| at[n]), at[v]);
                let mut order: Vec<(f64, usize)> =
                    self.order[layer].iter().map(|v| (wanted(v), *v)).collect();
                order.sort_by(|a, b| a.0.total_cmp(&b.0));
                self.order[layer] = order.into_iter().map(|(_, v)| v).collect();
            }
            let crossings = self.crossings();
            if crossings < best.0 {
                best = (crossings, self.order.clone());
            }
        }
        self.order = best.1;
    }

    #[expect(clippy::cast_precision_loss, reason = "a few places in a layer")]
    fn places(&self) -> BTreeMap<usize, f64> {
        let layers = self.order.iter();
        layers
            .flat_map(|layer| layer.iter().enumerate().map(|(i, v)| (*v, i as f64)))
            .collect()
    }

    fn crossings(&self) -> usize {
        let at = self.places();
        let mut crossings = 0;
        for layer in &self.order {
            let edges: Vec<(f64, f64)> = (layer.iter())
                .flat_map(|v| self.behind[*v].iter().map(|to| (at[v], at[to])))
                .collect();
            for (i, a) in edges.iter().enumerate() {
                let crosses = |b: &&(f64, f64)| (a.0 - b.0) * (a.1 - b.1) < 0.0;
                crossings += edges[..i].iter().filter(crosses).count();
            }
        }
        crossings
    }

    /// The middle of each vertex: as near to its neighbours' as the order of its layer allows.
    fn heights(&self) -> Vec<f64> {
        let mut heights = vec![0.0; self.sizes.len()];
        for layer in &self.order {
            let wanted = vec![0.0; layer.len()];
            self.settle(layer, &wanted, &mut heights);
        }
        for sweep in 0..2 * SWEEPS {
            let mut layers: Vec<&Vec<usize>> = self.order.iter().collect();
            if sweep % 2 == 1 {
                layers.reverse();
            }
            for layer in layers {
                let wanted: Vec<f64> = (layer.iter())
                    .map(|v| {
                        let neighbours = self.before[*v].iter().chain(&self.behind[*v]);
                        mean(neighbours.map(|n| heights[*n]), heights[*v])
                    })
                    .collect();
                self.settle(layer, &wanted, &mut heights);
            }
        }
        let top = |v: usize| heights[v] - self.sizes[v].1 / 2.0;
        let top = (0..heights.len()).map(top).fold(f64::INFINITY, f64::min);
        heights.iter().map(|y| y - top).collect()
    }

    /// The heights of a layer that are nearest to the wanted ones with every two vertices far
    /// enough from each other: neighbours that want less are put together and share the mean.
    fn settle(&self, layer: &[usize], wanted: &[f64], heights: &mut [f64]) {
        let half = |v: usize| self.sizes[v].1 / 2.0;
        let mut from_first = 0.0;
        // Where each stands when all stand as near as they may.
        let packed: Vec<f64> = (layer.iter().enumerate())
            .map(|(i, v)| {
                if let Some(above) = i.checked_sub(1).map(|i| layer[i]) {
                    from_first += half(above) + GAP + half(*v);
                }
                from_first
            })
            .collect();
        let mut blocks: Vec<(f64, f64)> = Vec::new();
        for (wanted, packed) in wanted.iter().zip(&packed) {
            let mut block = (wanted - packed, 1.0);
            while let Some(above) = blocks.pop_if(|above| above.0 >= block.0) {
                let n = above.1 + block.1;
                block = ((above.0 * above.1 + block.0 * block.1) / n, n);
            }
            blocks.push(block);
        }
        let shifts = blocks.iter().flat_map(|(shift, n)| {
            // A block's count is a small whole number.
            std::iter::repeat_n(*shift, *n as usize)
        });
        for ((v, packed), shift) in layer.iter().zip(&packed).zip(shifts) {
            heights[*v] = packed + shift;
        }
    }
}

/// The mean of some numbers; of none: `else_this`.
fn mean(numbers: impl Iterator<Item = f64>, else_this: f64) -> f64 {
    let (sum, n) = numbers.fold((0.0, 0.0), |(sum, n), x| (sum + x, n + 1.0));
    if n > 0.0 { sum / n } else { else_this }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(n: usize, edges: &[(usize, usize)]) -> Layout {
        layout(&vec![(100.0, 40.0); n], edges)
    }

    #[test]
    fn each_stands_behind_what_it_reads_and_none_on_another() {
        let edges = [(0, 2), (1, 2), (0, 3), (2, 4), (3, 4), (1, 4), (0, 5)];
        let layout = placed(6, &edges);
        for (from, to) in edges {
            assert!(layout.nodes[from].x + 100.0 < layout.nodes[to].x);
        }
        let passed = layout.edges.iter().flatten();
        let all: Vec<Place> = layout.nodes.iter().chain(passed).copied().collect();
        for (i, a) in all.iter().enumerate() {
            for b in &all[..i] {
                let apart = (a.y - b.y).abs() + 1e-6 >= f64::midpoint(a.height, b.height);
                assert!(
                    a.x + a.width < b.x || b.x + b.width < a.x || apart,
                    "{a:?} {b:?}"
                );
            }
            assert!(a.y - a.height / 2.0 > -1e-6 && a.y + a.height / 2.0 <= layout.height + 1e-6);
        }
        assert_eq!(layout.edges[5].len(), 1, "passes the layer between");
    }

    #[test]
    fn edges_that_need_not_cross_do_not() {
        let layout = placed(4, &[(0, 3), (1, 2)]);
        let above = |a: usize, b: usize| layout.nodes[a].y < layout.nodes[b].y;
        assert_eq!(above(0, 1), above(3, 2));
    }

    #[test]
    fn a_chain_is_a_line_and_nothing_is_no_place() {
        let layout = placed(3, &[(0, 1), (1, 2)]);
        assert!(layout.nodes.iter().all(|p| (p.y - 20.0).abs() < 1e-9));
        assert!((layout.height - 40.0).abs() < 1e-9);
        assert!(placed(0, &[]).nodes.is_empty());
    }

    #[test]
    fn what_is_read_late_stands_before_its_reader() {
        let layout = placed(4, &[(0, 1), (1, 2), (3, 2)]);
        assert!((layout.nodes[3].x - layout.nodes[1].x).abs() < 1e-9);
    }
}
