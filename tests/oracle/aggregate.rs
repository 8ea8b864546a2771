//! Aggregate calls, each as the engine is asked and as a batch is: in the latter, ties are told
//! apart by hidden columns.

use super::data::Source;
use super::dice::Dice;

/// One call.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// In the pipeline.
    pub(crate) engine: String,
    /// In batch SQL over columns `_t` and `_seq`.
    pub(crate) batch: String,
}

/// Calls whose state grows with keys: as written, `#` standing for the order by time, `~` for its
/// reverse.
const PLAIN: [&str; 34] = [
    "count(*)",
    "count(vi)",
    "sum(vi)",
    "min(vi)",
    "max(vi)",
    "avg(vi)",
    "sum(vf)",
    "min(vf)",
    "max(vf)",
    "avg(vf)",
    "min(vt)",
    "max(vt)",
    "sum(vd)",
    "avg(vd)",
    "min(vd)",
    "max(ts)",
    "sum(vi * 2 + 1)",
    "count(DISTINCT vi)",
    "count(DISTINCT vt)",
    "sum(vi) FILTER (WHERE vf > 3)",
    "count(*) FILTER (WHERE vf IS NULL)",
    "max(vf) FILTER (WHERE vi > 0)",
    "first_value(vi ORDER BY #)",
    "last_value(vi ORDER BY #)",
    "first_value(vf ORDER BY ~)",
    "last_value(vf ORDER BY ~)",
    "first_value(vt ORDER BY #)",
    "last_value(vb ORDER BY #)",
    "last_value(vd ORDER BY #)",
    "last_value(vi ORDER BY #) FILTER (WHERE vi > 3)",
    "first_value(vf ORDER BY #) FILTER (WHERE vf > 0)",
    "bool_and(vb)",
    "bool_or(vb)",
    "sum(DISTINCT vi)",
];

/// Calls that order by other columns, keep their rows, or are rare. `^` stands for the tie behind
/// another order.
const RARE: [&str; 28] = [
    "first_value(vi ORDER BY vf^)",
    "last_value(vi ORDER BY vf^)",
    "first_value(vi ORDER BY vt DESC^)",
    "last_value(vt ORDER BY vi DESC NULLS LAST^)",
    "first_value(vd ORDER BY vi, vt^)",
    "last_value(vb ORDER BY vi % 3^)",
    "first_value(vi ORDER BY vt^) FILTER (WHERE vf > 0)",
    "array_agg(vi ORDER BY #)",
    "array_agg(vt ORDER BY ~)",
    "array_agg(vi ORDER BY vf^)",
    "array_agg(vf ORDER BY vt DESC^) FILTER (WHERE vi IS NOT NULL)",
    "array_agg(DISTINCT vi ORDER BY vi)",
    "array_agg(DISTINCT vt ORDER BY vt DESC)",
    "last_value(vi ORDER BY #) IGNORE NULLS",
    "first_value(vf ORDER BY vt^) IGNORE NULLS",
    "count(DISTINCT vf)",
    "string_agg(vt, ',' ORDER BY #)",
    "string_agg(vt, '-' ORDER BY vi^)",
    "nth_value(vi, 2 ORDER BY #)",
    "nth_value(vt, 3 ORDER BY vi^)",
    "nth_value(vi, 2 ORDER BY ~)",
    "var_pop(vf)",
    "stddev(vi)",
    "var_samp(vf)",
    "median(vi)",
    "corr(vi, vf)",
    "bit_xor(vi)",
    "sum(vf) FILTER (WHERE vb)",
];

/// What `min` and `max` of floats mean, NaN being greater than every number; `@`: the filter.
/// (DataFusion's own depend on where a NaN stands among the rows.)
const LEAST: &str = "coalesce(min(CASE WHEN NOT isnan(vf) THEN vf END) @, \
                     sum(CASE WHEN isnan(vf) THEN vf END) @)";
const GREATEST: &str = "coalesce(sum(CASE WHEN isnan(vf) THEN vf END) @, max(vf) @)";

/// Calls at random, of columns that the source has.
pub(crate) fn calls(dice: &mut Dice, source: &Source, n: usize, rare: bool) -> Vec<Call> {
    let pool = if rare {
        RARE.iter().chain(&PLAIN[..8]).copied().collect()
    } else {
        PLAIN.to_vec()
    };
    let known = |call: &&str| {
        ["vt", "vd", "vb"]
            .iter()
            .all(|c| source.has(c) || !call.contains(c))
    };
    let pool: Vec<&str> = pool.into_iter().filter(|c| known(c)).collect();
    (0..n).map(|_| call(dice.pick(&pool))).collect()
}

/// A call in both tongues.
pub(crate) fn call(template: &str) -> Call {
    let engine = template
        .replace('#', "ts")
        .replace('~', "ts DESC")
        .replace('^', "");
    let mut batch = template.to_owned();
    for (call, meaning) in [("min(vf)", LEAST), ("max(vf)", GREATEST)] {
        if let Some(filter) = template.strip_prefix(call) {
            batch = meaning.replace('@', filter.trim());
        }
    }
    let batch = batch
        .replace('#', "_t, _seq")
        .replace('~', "_t DESC, _seq DESC")
        .replace('^', ", _t, _seq");
    Call { engine, batch }
}

/// A condition over a source's rows, the same in both tongues.
pub(crate) fn condition(dice: &mut Dice, source: &Source) -> String {
    let mut pool = vec![
        "vi > 2",
        "vf IS NOT NULL",
        "vi % 3 = 0 OR vi IS NULL",
        "NOT (vf < 10)",
    ];
    if source.keys > 0 {
        pool.extend(["k1 IS NOT NULL", "k1 IS NULL OR vi <> 4"]);
    }
    dice.pick(&pool).to_owned()
}
