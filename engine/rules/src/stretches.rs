//! Rows of several streams in one order, by (time, sequence, stream), as stretches of one stream each:
//! however they arrived, a rule sees the same.

use zaraba_core::batch::Batch;

/// Sorted rows of several streams as stretches of one stream each, in order over all.
pub(crate) fn stretches(streams: &[Batch]) -> Vec<(usize, Batch)> {
    let mut at = vec![0; streams.len()];
    let mut found = Vec::new();
    loop {
        let key = |stream: usize| {
            let (rows, row) = (&streams[stream], at[stream]);
            (row < rows.len()).then(|| (rows.time[row], rows.seq[row], stream))
        };
        let mut keys: Vec<_> = (0..streams.len()).filter_map(key).collect();
        keys.sort_unstable();
        let Some((_, _, first)) = keys.first().copied() else {
            return found;
        };
        let rows = &streams[first];
        let end = match keys.get(1) {
            None => rows.len(),
            Some(next) => {
                let before = |row: &usize| (rows.time[*row], rows.seq[*row], first) < *next;
                (at[first]..rows.len())
                    .take_while(before)
                    .last()
                    .map_or(at[first], |row| row + 1)
            }
        };
        found.push((first, rows.slice(at[first], end - at[first])));
        at[first] = end;
    }
}
