//! Rows in columns for eyes, as they come: a column is as wide as its widest cell so far.

use zaraba::text_width;

/// The widest a column becomes.
const CELL_MAX: usize = 40;
/// After so many rows the names are said again.
const AGAIN: usize = 40;

/// A table that grows.
pub(crate) struct Table {
    names: Vec<String>,
    widths: Vec<usize>,
    /// Letters of a line; none: any.
    line: Option<usize>,
    rows: usize,
}

impl Table {
    pub(crate) const fn new(line: Option<usize>) -> Self {
        Self {
            names: Vec::new(),
            widths: Vec::new(),
            line,
            rows: 0,
        }
    }

    /// Takes the names; they are said with the first row, whose cells they make room for.
    pub(crate) fn header(&mut self, names: &[String]) -> String {
        names.clone_into(&mut self.names);
        self.widths = names.iter().map(|n| text_width(n).min(CELL_MAX)).collect();
        String::new()
    }

    /// A row; before it the names, where it is the first, a column has grown, or many have gone by.
    pub(crate) fn row(&mut self, cells: &[String]) -> String {
        let mut grown = false;
        self.widths.resize(cells.len().max(self.widths.len()), 0);
        for (width, cell) in self.widths.iter_mut().zip(cells) {
            let needed = text_width(cell).min(CELL_MAX);
            grown |= needed > *width;
            *width = needed.max(*width);
        }
        let mut text = String::new();
        if grown || self.rows.is_multiple_of(AGAIN) {
            self.rows = 0;
            text = self.line(&self.names) + "\n";
        }
        self.rows += 1;
        text + &self.line(cells) + "\n"
    }

    fn line(&self, cells: &[String]) -> String {
        let mut line = String::new();
        for (cell, width) in cells.iter().zip(&self.widths) {
            if !line.is_empty() {
                line += "  ";
            }
            line += &padded(cell, *width);
        }
        let line = line.trim_end();
        match self.line {
            Some(most) => cut(line, most),
            None => line.to_owned(),
        }
    }
}

/// A cell in its column: cut where it is longer, numbers to the right.
fn padded(cell: &str, width: usize) -> String {
    let one_line = cell.replace(['\n', '\r', '\t'], " ");
    let cell = cut(&one_line, width);
    let space = " ".repeat(width.saturating_sub(text_width(&cell)));
    let number = cell.parse::<f64>().is_ok();
    if number { space + &cell } else { cell + &space }
}

/// At most so many letters; what is cut ends in `…`.
fn cut(text: &str, width: usize) -> String {
    if text_width(text) <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    for c in text.chars() {
        if text_width(&out) + text_width(c.encode_utf8(&mut [0; 4])) + 1 > width {
            break;
        }
        out.push(c);
    }
    out + "…"
}

/// The fields of one CSV row.
pub(crate) fn fields(row: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut letters = row.chars().peekable();
    while let Some(c) = letters.next() {
        match c {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                push(&mut fields, '"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            c => push(&mut fields, c),
        }
    }
    fields
}

fn push(fields: &mut [String], c: char) {
    if let Some(last) = fields.last_mut() {
        last.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_a_row() {
        for (row, expected) in [
            ("a,b", &["a", "b"][..]),
            ("", &[""]),
            ("\"a,\"\"b\"\"\n\",,1", &["a,\"b\"\n", "", "1"]),
        ] {
            assert_eq!(fields(row), expected, "{row}");
        }
    }

    #[test]
    fn columns_grow_and_names_are_said_again() {
        let mut table = Table::new(Some(14));
        assert_eq!(table.header(&fields("k,price")), "");
        assert_eq!(table.row(&fields("板,1.5")), "k   price\n板    1.5\n");
        assert_eq!(table.row(&fields("b,20")), "b      20\n");
        assert_eq!(
            table.row(&fields("longer,a text too long")),
            "k       price\nlonger  a tex…\n"
        );
    }
}
