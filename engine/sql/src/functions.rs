//! Functions of our own in SQL: `now()`, the reader's time.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use zaraba_core::stream::event_time_type;

/// The time of the tick that a query runs at, shared by its plan and who runs it.
#[derive(Clone, Debug, Default)]
pub struct QueryTime(Arc<AtomicI64>);

impl QueryTime {
    /// Sets the tick.
    pub fn set(&self, micros: i64) {
        self.0.store(micros, Ordering::Relaxed);
    }

    /// `now()` over this time.
    #[must_use]
    pub fn function(&self) -> Arc<ScalarUDF> {
        let aliases = vec!["current_timestamp".to_owned()];
        // Volatile, so that no optimiser takes it for a constant of the plan.
        let signature = Signature::nullary(Volatility::Volatile);
        Arc::new(ScalarUDF::from(Now {
            time: self.clone(),
            aliases,
            signature,
        }))
    }
}

#[derive(Debug)]
struct Now {
    time: QueryTime,
    aliases: Vec<String>,
    signature: Signature,
}

impl PartialEq for Now {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.time.0, &other.time.0)
    }
}

impl Eq for Now {}

impl std::hash::Hash for Now {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.signature.type_id().hash(state);
        Arc::as_ptr(&self.time.0).hash(state);
    }
}

impl ScalarUDFImpl for Now {
    fn name(&self) -> &str {
        "now"
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _args: &[DataType]) -> Result<DataType> {
        Ok(event_time_type())
    }

    fn invoke_with_args(&self, _args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let micros = self.time.0.load(Ordering::Relaxed);
        let time = ScalarValue::TimestampMicrosecond(Some(micros), Some("UTC".into()));
        Ok(ColumnarValue::Scalar(time))
    }
}
