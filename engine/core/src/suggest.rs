//! "Did you mean": the nearest of the known names, where one is near enough.

/// The candidate nearest to `name` by edits (insert, delete, replace, swap neighbours), if at most
/// a third of the name's letters would change.
#[must_use]
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = name.chars().count();
    let limit = length.div_ceil(3);
    candidates
        .into_iter()
        // Comparing long texts costs their lengths multiplied.
        .filter(|c| c.chars().count().abs_diff(length) <= limit)
        .map(|c| (edits(name, c), c))
        .filter(|(edits, _)| *edits <= limit)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, c)| c)
}

/// `; did you mean `x`?` where something is near, else what there is.
#[must_use]
pub fn hint<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    let all: Vec<&str> = candidates.into_iter().collect();
    match nearest(name, all.iter().copied()) {
        Some(near) => format!("; did you mean `{near}`?"),
        None => String::new(),
    }
}

/// Edits between two words, capital letters counted as small ones.
fn edits(a: &str, b: &str) -> usize {
    strsim::osa_distance(&a.to_lowercase(), &b.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_and_far() {
        assert_eq!(nearest("strik", ["ts", "strike", "oi"]), Some("strike"));
        assert_eq!(nearest("fiel", ["nats", "file"]), Some("file"));
        assert_eq!(nearest("quantity", ["ts", "oi"]), None);
        assert_eq!(nearest(&"Asia/Tokyo".repeat(100_000), ["Asia/Tokyo"]), None);
        assert_eq!(hint("strik", ["strike"]), "; did you mean `strike`?");
    }
}
