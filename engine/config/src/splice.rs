//! Replaces parts of a [`Text`] and keeps its places: every byte of what was put in points at the
//! part that it replaced. Used for environment variables (`env.rs`) and parameters (`params.rs`).

use crate::document::Text;

/// A text being made from another, front to back.
pub(crate) struct Splice<'a> {
    from: &'a Text,
    taken: usize,
    value: String,
    offsets: Vec<(usize, usize)>,
}

impl<'a> Splice<'a> {
    pub(crate) fn new(from: &'a Text) -> Self {
        Self {
            from,
            taken: 0,
            value: String::new(),
            offsets: Vec::new(),
        }
    }

    /// How much of the old text has been copied or replaced.
    pub(crate) fn taken(&self) -> usize {
        self.taken
    }

    /// Where `pattern` stands next in the rest of the old text.
    pub(crate) fn find(&self, pattern: &str) -> Option<usize> {
        self.from
            .value
            .get(self.taken..)?
            .find(pattern)
            .map(|at| at + self.taken)
    }

    /// Takes the old text up to byte `to` as it is.
    pub(crate) fn copy(&mut self, to: usize) {
        if to <= self.taken {
            return;
        }
        let span = self.from.span_of(self.taken, to);
        let base = self.value.len();
        self.mark(base, span.start);
        for (value, file) in &self.from.offsets {
            if *value > self.taken && *value < to {
                self.mark(base + value - self.taken, *file);
            }
        }
        self.value.push_str(&self.from.value[self.taken..to]);
        self.mark(self.value.len(), span.end);
        self.taken = to;
    }

    /// Puts `with` in the place of the old text up to byte `to`.
    pub(crate) fn replace(&mut self, to: usize, with: &str) {
        let span = self.from.span_of(self.taken, to);
        let base = self.value.len();
        self.mark(base, span.start);
        for inner in 1..with.len() {
            // A range that ends here covers the whole part, one that begins here as well.
            self.mark(base + inner, span.end);
            self.mark(base + inner, span.start);
        }
        self.value.push_str(with);
        self.mark(self.value.len(), span.end);
        self.taken = to;
    }

    /// The new text, the rest of the old one taken as it is.
    pub(crate) fn finish(mut self) -> Text {
        self.copy(self.from.value.len());
        Text {
            value: self.value,
            span: self.from.span,
            offsets: self.offsets,
        }
    }

    fn mark(&mut self, value: usize, file: usize) {
        if self.offsets.last() != Some(&(value, file)) {
            self.offsets.push((value, file));
        }
    }
}
