//! `zaraba schema`: the JSON Schema of pipeline files, for editors.

use crate::failure::Failure;
use crate::voice::Voice;

/// Prints the schema.
pub(crate) fn schema(voice: &Voice) -> Result<(), Failure> {
    voice.print(&zaraba::json_schema())
}
