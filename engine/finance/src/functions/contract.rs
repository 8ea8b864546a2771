//! `sq_date`, `days_to_sq`, `contract_months`, `tick_size`, `multiplier`, `parse_contract`:
//! contracts in SQL. Nulls go through, and what is not known here is null; a word that names no
//! product, month or vendor is a failed row, and a mistake of the query where it is a constant.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, Date32Array, Date32Builder, Float64Array, Float64Builder, Int64Array,
    ListBuilder, StringBuilder, StructArray,
};
use arrow::datatypes::{DataType, Field, Fields};
use datafusion_common::Result;
use datafusion_expr::{ColumnarValue, ScalarUDF};
use zaraba_core::time::EventTime;

use crate::calendar::{Calendar, Venue};
use crate::contract::expiry::{ContractMonth, Expiry};
use crate::contract::parse::{Vendor, parse};
use crate::contract::product::Product;
use crate::contract::{listing, tick};
use crate::functions::arguments::Kind;
use crate::functions::call::Function;
use crate::functions::words::{Words, date32, dates, numbers, texts, times};

const FUNCTIONS: [Function; 6] = [
    Function {
        name: "sq_date",
        arguments: &[("month", Kind::Month)],
        optional: 0,
        result: || DataType::Date32,
        work: |calendar, args, rows| {
            let months = Words::<ContractMonth>::names(args, 0, None)?;
            let date = |month| date32(Expiry::Month(month).sq_date(calendar));
            let one = |row| months.row(row).and_then(date);
            Ok(Arc::new((0..rows).map(one).collect::<Date32Array>()))
        },
    },
    Function {
        name: "days_to_sq",
        arguments: &[("ts", Kind::Time), ("sq", Kind::Date)],
        optional: 0,
        result: || DataType::Int64,
        work: |calendar, args, rows| {
            let (times, dates) = (times(args, 0, rows)?, dates(args, 1, rows)?);
            let one = |row| {
                let time = (!times.is_null(row)).then(|| EventTime(times.value(row)))?;
                let today = calendar.local_date(Venue::OseFuture, time)?;
                Some(dates.row(row)?.signed_duration_since(today).num_days())
            };
            Ok(Arc::new((0..rows).map(one).collect::<Int64Array>()) as ArrayRef)
        },
    },
    Function {
        name: "contract_months",
        arguments: &[("product", Kind::Product), ("date", Kind::Date)],
        optional: 0,
        result: || DataType::new_list(DataType::Utf8, true),
        work: contract_months,
    },
    Function {
        name: "tick_size",
        arguments: &[
            ("product", Kind::Product),
            ("price", Kind::Number),
            ("date", Kind::Date),
        ],
        optional: 0,
        result: || DataType::Float64,
        work: tick_size,
    },
    Function {
        name: "multiplier",
        arguments: &[("product", Kind::Product)],
        optional: 0,
        result: || DataType::Int64,
        work: |_, args, rows| {
            let products = Words::<Product>::names(args, 0, None)?;
            let one = |row| products.row(row).map(Product::multiplier);
            Ok(Arc::new((0..rows).map(one).collect::<Int64Array>()))
        },
    },
    Function {
        name: "parse_contract",
        arguments: &[("text", Kind::Text), ("vendor", Kind::Vendor)],
        optional: 0,
        result: || DataType::Struct(contract_fields()),
        work: parse_contract,
    },
];

/// The functions of this file.
pub(crate) fn functions(calendar: &Calendar) -> Vec<Arc<ScalarUDF>> {
    let over = |function: &Function| function.over(calendar);
    FUNCTIONS.iter().map(over).collect()
}

fn tick_size(_calendar: &Calendar, args: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
    let products = Words::<Product>::names(args, 0, None)?;
    let (prices, dates) = (numbers(args, 1, rows)?, dates(args, 2, rows)?);
    let one = |row| {
        let price = (!prices.is_null(row)).then(|| prices.value(row))?;
        tick::tick_size(products.row(row)?, price, dates.row(row)?)
    };
    Ok(Arc::new((0..rows).map(one).collect::<Float64Array>()))
}

fn contract_months(calendar: &Calendar, args: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
    let products = Words::<Product>::names(args, 0, None)?;
    let dates = dates(args, 1, rows)?;
    let mut lists = ListBuilder::new(StringBuilder::new());
    // Rows of one day and product stand together: the texts found last are kept.
    let mut last: Option<(_, Option<Vec<String>>)> = None;
    for row in 0..rows {
        let asked = products.row(row).zip(dates.row(row));
        if last.as_ref().is_none_or(|(before, _)| *before != asked) {
            let listed = |(product, date)| listing::contracts(calendar, product, date);
            let listed = asked.and_then(listed);
            let texts = |listed: Vec<Expiry>| listed.iter().map(Expiry::to_string).collect();
            last = Some((asked, listed.map(texts)));
        }
        let listed = last.as_ref().and_then(|(_, listed)| listed.as_ref());
        for expiry in listed.into_iter().flatten() {
            lists.values().append_value(expiry);
        }
        lists.append(listed.is_some());
    }
    Ok(Arc::new(lists.finish()))
}

/// What a contract is in SQL.
fn contract_fields() -> Fields {
    Fields::from(vec![
        Field::new("product", DataType::Utf8, true),
        Field::new("contract_month", DataType::Utf8, true),
        Field::new("sq_date", DataType::Date32, true),
        Field::new("put_call", DataType::Utf8, true),
        Field::new("strike", DataType::Float64, true),
    ])
}

fn parse_contract(calendar: &Calendar, args: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
    let texts = texts(args, 0, rows)?;
    let vendors = Words::<Vendor>::names(args, 1, None)?;
    let (mut products, mut months) = (StringBuilder::new(), StringBuilder::new());
    let (mut dates, mut sides) = (Date32Builder::new(), StringBuilder::new());
    let mut strikes = Float64Builder::new();
    let mut known = Vec::with_capacity(rows);
    for row in 0..rows {
        let vendor = vendors.row(row).filter(|_| !texts.is_null(row));
        let contract = vendor.and_then(|vendor| parse(calendar, texts.value(row), vendor).ok());
        let (side, strike) = contract.and_then(|contract| contract.option).unzip();
        known.push(contract.is_some());
        products.append_option(contract.map(|contract| contract.product.name()));
        months.append_option(contract.map(|contract| contract.expiry.to_string()));
        dates.append_option(contract.and_then(|contract| date32(contract.sq_date)));
        sides.append_option(side.map(|side| side.letter()));
        strikes.append_option(strike);
    }
    let columns: Vec<ArrayRef> = vec![
        Arc::new(products.finish()),
        Arc::new(months.finish()),
        Arc::new(dates.finish()),
        Arc::new(sides.finish()),
        Arc::new(strikes.finish()),
    ];
    let contracts = StructArray::try_new(contract_fields(), columns, Some(known.into()))?;
    Ok(Arc::new(contracts))
}
