//! The exchange's workbook of open interest, in the layout that programs of others read.

use super::{feed, made_by, rows_to_the_end};

#[test]
fn two_days_of_two_sheets() {
    let folder = made_by(include_str!("jpx_oi.py"));
    let streams = [
        "open_interest",
        "open_interest__errors",
        "jpx_oi_large__errors",
        "jpx_oi_mini__errors",
        "jpx_oi_large__late",
        "jpx_oi_mini__late",
    ];
    let files = folder.path("*open_interest.xlsx").display().to_string();
    let mut found = rows_to_the_end(feed("jpx-oi", &streams).set("jpx_oi", files));
    let errors: Vec<String> = found
        .extract_if(.., |row| row.contains("__errors: "))
        .collect();
    let row = |day: &str, rest: &str| format!("open_interest: {day}T11:00:00Z|{day}|{rest}|jpx-oi");
    let (first, second) = ("2026-08-31", "2026-09-01");
    let expected = [
        row(first, "NK225.option|2026-09-11|30000.0|P|1290|10"),
        row(second, "NK225.mini_option|2026-09-04|58375.0|P|12|12"),
        row(second, "NK225.mini_option|2026-09-11|70000.0|C|0|-7"),
        row(second, "NK225.option|2026-09-11|30000.0|P|1250|-40"),
        row(second, "NK225.option|2026-09-11|30500.0|P|0|null"),
        row(second, "NK225.option|2026-09-11|70000.0|C|4655|210"),
        row(second, "NK225.option|2026-10-09|60000.0|C|1|1"),
    ];
    assert_eq!(found, expected);
    let [error] = &errors[..] else {
        panic!("{errors:#?}");
    };
    assert!(
        error.contains("expected the name of an option, found none") && error.contains("P2613"),
        "{error}"
    );
}
