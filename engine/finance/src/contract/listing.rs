//! Which contract months are listed on a date. A contract is listed up to its last trading day, and
//! the next one of its kind from the business day after, the day of the special quotation, on.
//!
//! Sources: REQUIREMENTS 003-2; the months of micro futures as the settlement file of 2026-07-31
//! has them. Not verified: that large futures went from 13 to 19 months on 2021-09-21.

use chrono::{NaiveDate, Weekday};

use crate::calendar::date::{date, nth, shift};
use crate::calendar::{Calendar, covers};
use crate::contract::expiry::{ContractMonth, Expiry};
use crate::contract::product::{MICRO_SINCE, Product};
use chrono::Datelike;

/// How many months of each kind are listed: the nearest ones.
#[derive(Clone, Copy)]
struct Months {
    /// Of June and December.
    half_year: usize,
    /// Of March and September.
    quarter: usize,
    /// Of the other eight.
    other: usize,
}

const fn months(half_year: usize, quarter: usize, other: usize) -> Months {
    Months {
        half_year,
        quarter,
        other,
    }
}

/// From when large futures have sixteen Junes and Decembers, and options are known here.
const LONG_SINCE: NaiveDate = date(2021, 9, 21);

/// From when mini options end on Wednesdays too.
const WEDNESDAYS_SINCE: NaiveDate = date(2025, 5, 26);

/// Weekly contracts listed at once, of Fridays and of Wednesdays each.
const WEEKS: usize = 4;

/// The contracts of a product that are listed on a date, the next to end first. None where it is
/// not known here: options before 2021-09-21, and dates outside 1990 to 2100.
#[must_use]
pub fn contracts(calendar: &Calendar, product: Product, on: NaiveDate) -> Option<Vec<Expiry>> {
    if !covers(on) {
        return None;
    }
    let long = on >= LONG_SINCE;
    let started = on >= MICRO_SINCE;
    match product {
        Product::Future if long => Some(monthly(calendar, on, months(16, 3, 0))),
        Product::Future => Some(monthly(calendar, on, months(10, 3, 0))),
        Product::Mini => Some(monthly(calendar, on, months(10, 3, 3))),
        Product::Micro if started => Some(micro(calendar, on)),
        Product::MiniOption if started => Some(mini_options(calendar, on)),
        Product::Micro | Product::MiniOption => Some(Vec::new()),
        Product::Option if long => Some(monthly(calendar, on, months(16, 3, 8))),
        Product::Option => None,
    }
}

/// The months from the one of a date on whose special quotation is still to come.
fn to_come(calendar: &Calendar, on: NaiveDate) -> impl Iterator<Item = ContractMonth> {
    let first = ContractMonth::of(on);
    let months = std::iter::successors(first, |month| month.next());
    months.skip_while(move |month| Expiry::Month(*month).sq_date(calendar) <= on)
}

/// Eight years of months are more than any product has listed.
const HORIZON: usize = 12 * 9;

fn monthly(calendar: &Calendar, on: NaiveDate, mut left: Months) -> Vec<Expiry> {
    let mut listed = Vec::new();
    for month in to_come(calendar, on).take(HORIZON) {
        let kind = match month.month() {
            6 | 12 => &mut left.half_year,
            3 | 9 => &mut left.quarter,
            _ => &mut left.other,
        };
        if *kind > 0 {
            *kind -= 1;
            listed.push(Expiry::Month(month));
        }
    }
    listed
}

/// The two nearest quarters and the two nearest other months.
fn micro(calendar: &Calendar, on: NaiveDate) -> Vec<Expiry> {
    let mut left = [2, 2];
    let take = |month: &ContractMonth| {
        let kind = &mut left[usize::from(month.month().is_multiple_of(3))];
        let free = *kind > 0;
        *kind -= usize::from(free);
        free
    };
    let found = to_come(calendar, on).take(HORIZON).filter(take);
    found.map(Expiry::Month).collect()
}

/// The three nearest months and the nearest weeks. Where holidays move two weeks to one day, it is
/// listed once [unverified].
fn mini_options(calendar: &Calendar, on: NaiveDate) -> Vec<Expiry> {
    let monthly = to_come(calendar, on).take(3).map(Expiry::Month);
    let mut listed: Vec<(NaiveDate, Expiry)> = monthly
        .map(|expiry| (expiry.sq_date(calendar), expiry))
        .collect();
    let wednesdays = on >= WEDNESDAYS_SINCE;
    let weekdays = [(Weekday::Fri, true), (Weekday::Wed, wednesdays)];
    for (weekday, _) in weekdays.into_iter().filter(|(_, listed)| *listed) {
        let mut found = 0;
        for ahead in 0..70 {
            let nominal = shift(on, ahead);
            let Some(sq) = weekly_sq(calendar, nominal).filter(|_| nominal.weekday() == weekday)
            else {
                continue;
            };
            let new = sq > on && listed.iter().all(|(date, _)| *date != sq);
            if new && found < WEEKS {
                found += 1;
                listed.push((sq, Expiry::Week(sq)));
            }
        }
    }
    listed.sort_unstable_by_key(|(date, _)| *date);
    listed.into_iter().map(|(_, expiry)| expiry).collect()
}

/// The special quotation of the weekly contract that ends on a Wednesday or on a Friday other than
/// the month's second, moved to the business day before where that is a holiday. None for other
/// days.
#[must_use]
pub fn weekly_sq(calendar: &Calendar, nominal: NaiveDate) -> Option<NaiveDate> {
    let weekly = match nominal.weekday() {
        Weekday::Wed => true,
        Weekday::Fri => nth(nominal.year(), nominal.month(), Weekday::Fri, 2) != nominal,
        _ => false,
    };
    weekly.then(|| calendar.on_or_before(nominal))
}
