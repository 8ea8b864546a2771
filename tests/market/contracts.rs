//! Contracts beside the exchange's settlement files of 2026-07-31, 08-03 and 08-04: which months
//! and weeks are listed, when each ends, how it is named.

use std::collections::BTreeSet;
use std::path::Path;

use chrono::NaiveDate;
use zaraba_finance::calendar::Calendar;
use zaraba_finance::contract::parse::{Vendor, parse};
use zaraba_finance::contract::{Product, PutCall, listing};

use crate::python;

const FILE: &str = "../../shared/data/local-only/nk225_settlement_iv_20260731_0804.csv.gz";

/// What a row of the file says of its contract.
struct Row {
    date: NaiveDate,
    name: String,
    put_call: String,
    /// `202609`, or a day of a week's special quotation: `20260805`.
    expiry: String,
    strike: Option<f64>,
    days: i64,
}

fn rows() -> Option<Vec<Row>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    if !file.is_file() {
        println!("SKIPPED: {} is not here", file.display());
        return None;
    }
    let script = "
import csv, gzip, sys
for row in csv.DictReader(gzip.open(sys.argv[1], 'rt')):
    print(*(row[name] for name in 'date name put_call expiry strike days_to_expiry'.split()), sep=',')";
    let printed = python::run(script, &[file.to_str().unwrap()]);
    let row = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        Row {
            date: fields[0].parse().unwrap(),
            name: fields[1].to_owned(),
            put_call: fields[2].to_owned(),
            expiry: fields[3].to_owned(),
            strike: fields[4].parse().ok(),
            days: fields[5].parse().unwrap(),
        }
    };
    Some(printed.lines().map(row).collect())
}

#[test]
fn names_and_ends_are_those_of_the_settlement_files() {
    let Some(rows) = rows() else { return };
    assert!(rows.len() > 30_000, "only {} rows", rows.len());
    let calendar = Calendar::built_in();
    for row in &rows {
        let found = parse(&calendar, &row.name, Vendor::Jpx).unwrap_or_else(|e| panic!("{e}"));
        let side = found.option.map(|(put_call, _)| put_call);
        let expected = match row.put_call.as_str() {
            "CAL" => Some(PutCall::Call),
            "PUT" => Some(PutCall::Put),
            _ => None,
        };
        assert_eq!(side, expected, "{}", row.name);
        assert_eq!(
            found.option.map(|(_, strike)| strike),
            row.strike,
            "{}",
            row.name
        );
        let compact = match row.expiry.len() {
            6 => found.expiry.to_string().replace('-', ""),
            _ => found.sq_date.to_string().replace('-', ""),
        };
        assert_eq!(compact, row.expiry, "{}", row.name);
        let days = found.sq_date.signed_duration_since(row.date).num_days();
        assert_eq!(days, row.days, "{} on {}", row.name, row.date);
    }
}

#[test]
fn months_are_those_of_the_settlement_files() {
    let Some(rows) = rows() else { return };
    let calendar = Calendar::built_in();
    let dates: BTreeSet<NaiveDate> = rows.iter().map(|row| row.date).collect();
    assert_eq!(dates.len(), 3);
    for date in dates {
        for product in Product::ALL {
            let listed = listing::contracts(&calendar, product, date).unwrap();
            let listed: Vec<NaiveDate> = listed.iter().map(|e| e.sq_date(&calendar)).collect();
            let names = rows.iter().filter(|row| row.date == date);
            let found = names.map(|row| parse(&calendar, &row.name, Vendor::Jpx).unwrap());
            let found = found.filter(|contract| contract.product == product);
            let found: BTreeSet<NaiveDate> = found.map(|contract| contract.sq_date).collect();
            assert_eq!(listed, Vec::from_iter(found), "{product} on {date}");
        }
    }
}
