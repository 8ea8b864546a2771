//! Names made of fields: the quote page's, J-Quants', the settlement files'.

use chrono::NaiveDate;

use super::{Ends, Expected, PutCall, Said, month, strike};
use crate::contract::product::Product;

const QRI: Expected = "`2026-09 CALL 70000`";
const JQUANTS: Expected = "`NK225F 2026-09` or `NK225E 2026-09 2 70000`";
const JPX: Expected = "`FUT_225_260910` or `CAL_225_260910_70000`";

/// `2026-09 CALL 70000`: large options only, as the page has them.
pub(super) fn qri(text: &str) -> Result<Said, Expected> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    let [contract, kind, at] = fields[..] else {
        return Err(QRI);
    };
    let put_call = match kind {
        "CALL" => PutCall::Call,
        "PUT" => PutCall::Put,
        _ => return Err("CALL or PUT"),
    };
    Ok(Said {
        product: Product::Option,
        ends: dashed(contract)?,
        option: Some((put_call, strike(at)?)),
    })
}

fn dashed(contract: &str) -> Result<Ends, Expected> {
    let month = contract.parse().map_err(|_| "a contract month");
    month.map(Ends::Month)
}

/// `NK225E 2026-09 2 70000`. The weeks of mini options (`NK225MWE`) are numbered in a way that is
/// not known here, so only their months are read.
pub(super) fn jquants(text: &str) -> Result<Said, Expected> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    let product = match fields.first() {
        Some(&"NK225F") => Product::Future,
        Some(&"NK225MF") => Product::Mini,
        Some(&"NK225MCF") => Product::Micro,
        Some(&"NK225E") => Product::Option,
        Some(&"NK225MWE") => Product::MiniOption,
        _ => return Err("NK225F, NK225MF, NK225MCF, NK225E or NK225MWE"),
    };
    let (contract, option) = match (product.is_option(), &fields[1..]) {
        (false, [contract]) => (contract, None),
        (true, [contract, "1", at]) => (contract, Some((PutCall::Put, strike(at)?))),
        (true, [contract, "2", at]) => (contract, Some((PutCall::Call, strike(at)?))),
        _ => return Err(JQUANTS),
    };
    Ok(Said {
        product,
        ends: dashed(contract)?,
        option,
    })
}

/// The workbook's products, and how their names begin.
const WORKBOOK: [(&str, Product); 2] = [
    ("NIKKEI 225 ", Product::Option),
    ("NK225 MINI ", Product::MiniOption),
];

/// `P2609-70000`, `P260910-70000`: what follows the product in the workbook of open interest. Four
/// digits are a month, six a last trading day.
fn workbook(product: Product, text: &str) -> Result<Said, Expected> {
    let expected = "`P2609-70000` or `P260910-70000`";
    let (put_call, rest) = match text.split_at_checked(1) {
        Some(("P", rest)) => (PutCall::Put, rest),
        Some(("C", rest)) => (PutCall::Call, rest),
        _ => return Err(expected),
    };
    let (day, at) = rest.split_once('-').ok_or(expected)?;
    let ends = match day.split_at_checked(2) {
        Some((year, month_text)) if day.len() == 4 => Ends::Month(month(year, month_text)?),
        _ => Ends::LastTradingDay(short_date(day)?),
    };
    Ok(Said {
        product,
        ends,
        option: Some((put_call, strike(at)?)),
    })
}

/// `CAL_225_260910_70000`, `FUT_225M_260910`; `NIKKEI 225 P2609-70000`.
pub(super) fn jpx(text: &str) -> Result<Said, Expected> {
    let mut products = WORKBOOK.iter();
    if let Some((rest, product)) =
        products.find_map(|(name, p)| Some((text.strip_prefix(name)?, p)))
    {
        return workbook(*product, rest.trim());
    }
    let fields: Vec<&str> = text.split('_').collect();
    let (product, last, option) = match fields[..] {
        ["FUT", size, last] => {
            let product = match size {
                "225" => Product::Future,
                "225M" => Product::Mini,
                "225MC" => Product::Micro,
                _ => return Err("225, 225M or 225MC"),
            };
            (product, last, None)
        }
        [kind @ ("CAL" | "PUT"), size, last, at] => {
            let product = match size {
                "225" => Product::Option,
                "225M" => Product::MiniOption,
                _ => return Err("225 or 225M"),
            };
            let call = kind == "CAL";
            let put_call = if call { PutCall::Call } else { PutCall::Put };
            (product, last, Some((put_call, strike(at)?)))
        }
        _ => return Err(JPX),
    };
    let ends = Ends::LastTradingDay(short_date(last)?);
    Ok(Said {
        product,
        ends,
        option,
    })
}

/// `260910`: a day of this century.
fn short_date(text: &str) -> Result<NaiveDate, Expected> {
    let expected = "a last trading day such as 260910";
    if text.len() != 6 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(expected);
    }
    let (year, rest) = text.split_at(2);
    let (month_text, day) = rest.split_at(2);
    month(year, month_text)?;
    let number = |part: &str| part.parse::<u32>().ok();
    let date = || {
        let year = i32::try_from(number(year)?).ok()?;
        NaiveDate::from_ymd_opt(2000 + year, number(month_text)?, number(day)?)
    };
    date().ok_or(expected)
}
