//! Calls of indicators: what they may say, judged wherever they stand, and what is planned of them.

use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::expr::{NullTreatment, WindowFunction};
use datafusion::logical_expr::{
    Expr, Window, WindowFrame, WindowFrameBound, WindowFrameUnits, WindowFunctionDefinition,
};
use zaraba_finance::indicator::Settings;
use zaraba_finance::indicator::table::{LENGTH_MAX, Spec, find};

use crate::over::call::What;
use crate::over::indicator::IndicatorCall;
use crate::plan::mistake::SqlMistake;
use crate::plan::over::{Columns, calls, literal, place, shown_as};
use crate::plan::over_calls::Unfit;

/// The indicator that a call is of.
pub(super) fn of(call: &WindowFunction) -> Option<&'static Spec> {
    match &call.fun {
        WindowFunctionDefinition::WindowUDF(function) => find(function.name()),
        WindowFunctionDefinition::AggregateUDF(_) => None,
    }
}

/// What is wrong with a node's calls of indicators.
pub(crate) fn refused(window: &Window, sql: &str) -> Option<SqlMistake> {
    calls(window).find_map(|call| {
        let why = wrong(call, of(call)?)?;
        let mut mistake = SqlMistake::new(why.message).help(why.help);
        mistake.at = place(sql, call.fun.name());
        Some(mistake)
    })
}

/// An argument as it is written.
fn shown(expr: &Expr) -> String {
    match literal(expr) {
        Some(value) if value.is_null() => "null".to_owned(),
        Some(value) => value.to_string(),
        None => format!("`{}`", shown_as(expr)),
    }
}

fn wrong(call: &WindowFunction, spec: &Spec) -> Option<Unfit> {
    let signature = spec.signature();
    let params = &call.params;
    if let Err(why) = settings(call, spec) {
        return Some(why);
    }
    if params.order_by.is_empty() {
        return Some(Unfit::new(
            format!("{signature} follows rows in their order, and its OVER has no ORDER BY"),
            "write ORDER BY and the event time: OVER (PARTITION BY … ORDER BY ts)",
        ));
    }
    if framed(&params.window_frame) {
        let sees = match spec.length_min {
            Some(_) => "it looks back as many rows as n says, or weighs them by n",
            None => "it looks at all rows of its partition so far",
        };
        return Some(Unfit::new(
            format!("{signature} takes no frame"),
            format!("leave the frame out: {sees}"),
        ));
    }
    let (clause, help) = match params.null_treatment {
        _ if params.distinct => (
            "DISTINCT",
            "it looks at rows as they follow each other, equal ones too",
        ),
        Some(NullTreatment::IgnoreNulls) => (
            "IGNORE NULLS",
            "leave it out: a row in which a value is null is passed by",
        ),
        Some(NullTreatment::RespectNulls) => (
            "RESPECT NULLS",
            "a row in which a value is null is passed by; coalesce(x, 0) would take it for 0",
        ),
        None => return None,
    };
    Some(Unfit::new(format!("{signature} takes no {clause}"), help))
}

/// Whether a frame is another than where none is written: all rows up to this one.
fn framed(frame: &WindowFrame) -> bool {
    let all = matches!(&frame.start_bound, WindowFrameBound::Preceding(n) if n.is_null());
    let here = frame.end_bound == WindowFrameBound::CurrentRow;
    !(frame.units == WindowFrameUnits::Range && all && here)
}

/// A call's n and k.
fn settings(call: &WindowFunction, spec: &Spec) -> Result<Settings, Unfit> {
    let signature = spec.signature();
    let mut constants = call.params.args.iter().skip(spec.values.len());
    let mut settings = Settings {
        length: 0,
        width: 0.0,
    };
    if let Some(least) = spec.length_min {
        let Some(written) = constants.next() else {
            return Err(Unfit::new(format!("{signature} has no n"), ""));
        };
        let fits = |n: &usize| (least..=LENGTH_MAX).contains(n);
        settings.length = whole(written).filter(fits).ok_or_else(|| {
            Unfit::new(
                format!(
                    "n in {signature} is a whole number from {least} to {LENGTH_MAX}, found {}",
                    shown(written)
                ),
                "write a constant: how many rows it is of",
            )
        })?;
    }
    if spec.takes_width {
        let Some(written) = constants.next() else {
            return Err(Unfit::new(format!("{signature} has no k"), ""));
        };
        settings.width = number(written).filter(|k| *k > 0.0).ok_or_else(|| {
            Unfit::new(
                format!(
                    "k in {signature} is a number above 0, found {}",
                    shown(written)
                ),
                "write a constant: how many deviations each side of the band is wide",
            )
        })?;
    }
    Ok(settings)
}

/// A literal that is a whole number from 0 on.
fn whole(expr: &Expr) -> Option<usize> {
    let value = literal(expr)?;
    if !value.data_type().is_integer() {
        return None;
    }
    match value.cast_to(&arrow::datatypes::DataType::Int64).ok()? {
        ScalarValue::Int64(Some(n)) => usize::try_from(n).ok(),
        _ => None,
    }
}

/// A literal that is a number.
fn number(expr: &Expr) -> Option<f64> {
    let value = literal(expr)?;
    if !value.data_type().is_numeric() {
        return None;
    }
    match value.cast_to(&arrow::datatypes::DataType::Float64).ok()? {
        ScalarValue::Float64(k) => k.filter(|k| k.is_finite()),
        _ => None,
    }
}

/// A call that was not refused, as planned.
pub(super) fn planned(
    call: &WindowFunction,
    spec: &'static Spec,
    columns: &mut Columns,
) -> Result<What> {
    let settings = settings(call, spec);
    let settings =
        settings.map_err(|why| datafusion::common::DataFusionError::Plan(why.message))?;
    let values = call.params.args[..spec.values.len()].iter();
    let columns = values
        .map(|value| columns.of(value))
        .collect::<Result<_>>()?;
    Ok(What::Indicator(IndicatorCall {
        spec,
        settings,
        columns,
    }))
}
