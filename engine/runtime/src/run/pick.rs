//! A source of which only some columns are wanted, where the connector cannot leave them out.

use arrow::datatypes::SchemaRef;
use zaraba_core::mapped::Mapped;
use zaraba_core::source::{Source, SourceRows};

/// Keeps these columns of a source's rows, by name.
pub fn picked(inner: impl Source + 'static, columns: SchemaRef) -> Box<dyn Source> {
    Box::new(Mapped::new(inner, move |rows: SourceRows| {
        let schema = rows.rows.schema();
        let wanted = columns.fields().iter().map(|f| schema.index_of(f.name()));
        let indices = wanted.collect::<Result<Vec<_>, _>>()?;
        Ok(SourceRows {
            rows: rows.rows.project(&indices)?,
            ..rows
        })
    }))
}
