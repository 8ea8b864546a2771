//! The trait that a rule implements, and the macro that makes a component of it.

use crate::alert::Alerts;
use crate::input::{Input, Timestamp};
use crate::manifest::Manifest;
use crate::params::Params;

/// A rule. An instance may be replaced by a fresh one between any two calls: what must last goes
/// into [`crate::state`].
pub trait Rule: Sized + 'static {
    /// Its parameters.
    type Params: Params;

    /// What it is and wants.
    fn manifest() -> Manifest;

    /// Whether the parameters go together: what their types and ranges cannot say.
    ///
    /// # Errors
    /// What is wrong with them.
    fn check(_params: &Self::Params) -> Result<(), String> {
        Ok(())
    }

    /// A fresh instance.
    fn new(params: Self::Params) -> Self;

    /// Looks at rows of one stream, in the order of their times.
    ///
    /// # Errors
    /// When it cannot do its work: the call has then no effect, and its rows are skipped.
    fn evaluate(&mut self, input: &Input, alerts: &mut Alerts) -> Result<(), String>;

    /// It is `at`, a multiple of the manifest's timer; all rows up to it have come.
    ///
    /// # Errors
    /// As [`Rule::evaluate`].
    fn tick(&mut self, _at: Timestamp, _alerts: &mut Alerts) -> Result<(), String> {
        Ok(())
    }
}

/// Makes a component of a rule. Natively it makes nothing, so that tests run as ever.
#[macro_export]
macro_rules! export {
    ($rule:ty) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            ::std::thread_local! {
                static RULE: $crate::glue::Slot<$rule> = const { $crate::glue::Slot::new() };
            }

            struct Exported;

            impl $crate::bindings::Guest for Exported {
                fn describe() -> $crate::bindings::Manifest {
                    $crate::glue::describe::<$rule>()
                }

                fn configure(
                    params: ::std::string::String,
                ) -> ::std::result::Result<(), ::std::string::String> {
                    RULE.with(|rule| rule.configure(&params))
                }

                fn evaluate(stream: u32, rows: $crate::bindings::Batch) -> $crate::glue::Answer {
                    RULE.with(|rule| rule.evaluate(stream, rows))
                }

                fn tick(at: i64) -> $crate::glue::Answer {
                    RULE.with(|rule| rule.tick(at))
                }
            }

    $crate::bindings::export_bindings!(Exported with_types_in $crate::bindings);
        };
    };
}
