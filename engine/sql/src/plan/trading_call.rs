//! `TRADING_SESSION(input, time, 'OSE.option' [, step])` in FROM: its venue and its step, checked.

use datafusion::logical_expr::planner::RelationPlannerContext;
use datafusion::sql::sqlparser::ast::{Expr as SqlExpr, Value};
use zaraba_core::suggest;
use zaraba_core::time::DAY;
use zaraba_finance::calendar::Venue;

use crate::plan::lengths::few_enough;
use crate::plan::mistake::SqlMistake;
use crate::plan::window_call::{Call, Failed, above_zero, micros, spanned};
use crate::window::spec::WindowSpec;
use crate::window::trading::TradingWindows;

impl Call<'_> {
    /// The windows that the arguments behind the time say.
    pub(super) fn sessions(
        &self,
        args: &[&SqlExpr],
        context: &mut dyn RelationPlannerContext,
    ) -> Result<TradingWindows, Failed> {
        let step = match args.get(1) {
            Some(step) => {
                let length = micros(step, context)?;
                above_zero(length, step)?;
                if length > DAY {
                    let mistake = SqlMistake::new(format!(
                        "expected a step within a session, found `{step}`"
                    ));
                    return Err(spanned(
                        mistake.help("no session is as long as a day"),
                        *step,
                    ));
                }
                few_enough(&WindowSpec::cumulate(length, DAY, 0), step)?;
                Some(length)
            }
            None => None,
        };
        Ok(TradingWindows {
            calendar: self.calendar.clone(),
            venue: venue(args[0])?,
            step,
        })
    }
}

/// The venue that a text names.
fn venue(arg: &SqlExpr) -> Result<Venue, Failed> {
    let names = Venue::ALL.map(Venue::name);
    let there = format!("there are {}", names.map(|n| format!("'{n}'")).join(", "));
    let SqlExpr::Value(value) = arg else {
        let mistake = SqlMistake::new(format!("expected a venue as a text, found `{arg}`"));
        return Err(spanned(mistake.help(there), arg));
    };
    let Value::SingleQuotedString(text) = &value.value else {
        let mistake = SqlMistake::new(format!("expected a venue as a text, found `{arg}`"));
        return Err(spanned(mistake.help(there), arg));
    };
    text.parse().map_err(|_| {
        let hint = suggest::hint(text, names);
        let mistake = SqlMistake::new(format!("no venue `{text}`{hint}"));
        spanned(mistake.help(there), arg)
    })
}
