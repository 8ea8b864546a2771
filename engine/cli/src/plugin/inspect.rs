//! `zaraba plugin inspect`: what a plugin says of itself.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use serde_json::Value;
use zaraba::plugin::{CONTRACT, Field, Manifest, Plugin, open, type_name};

use crate::failure::Failure;
use crate::voice::Voice;

/// Which plugin.
#[derive(Args)]
pub(crate) struct InspectArgs {
    /// The plugin, NAME.wasm
    file: PathBuf,
}

/// Prints it.
pub(crate) fn inspect(args: &InspectArgs, voice: &Voice) -> Result<(), Failure> {
    voice.print(&told(&open(&args.file)?))
}

/// Bytes for eyes.
pub(crate) fn size(bytes: usize) -> String {
    match bytes {
        0..10_000 => format!("{bytes} bytes"),
        10_000..10_000_000 => format!("{} kB", bytes / 1000),
        _ => format!("{} MB", (bytes + 500_000) / 1_000_000),
    }
}

/// All of it. Writing to memory cannot fail.
fn told(plugin: &Plugin) -> String {
    let manifest = plugin.manifest();
    let mut text = String::new();
    let Manifest {
        name,
        version,
        description,
        ..
    } = manifest;
    let _ = writeln!(text, "{name} {version}: {description}");
    let language = plugin.language().name();
    let _ = writeln!(
        text,
        "{}, {language}, contract {CONTRACT}",
        size(plugin.size())
    );
    for stream in &manifest.streams {
        let _ = writeln!(text, "\nstream {}", stream.name);
        text += &fields(&stream.fields);
    }
    for table in &manifest.tables {
        let optional = if table.optional { ", optional" } else { "" };
        let keys: Vec<&str> = table.key.iter().map(|field| field.name.as_str()).collect();
        let _ = writeln!(
            text,
            "\ntable {} (key {}{optional})",
            table.name,
            keys.join(", ")
        );
        text += &fields(&table.key);
        text += &fields(&table.fields);
    }
    text += "\nparameters\n";
    text += &params(manifest);
    text += "\nalerts, beside their own columns\n";
    text += &fields(&manifest.outputs);
    if let Some(timer) = manifest.timer {
        let _ = writeln!(text, "\na tick every {} s", timer as f64 / 1e6);
    }
    let limits = plugin.limits();
    let _ = writeln!(
        text,
        "\nlimits: {} MiB of memory, {} MiB of state, {} fuel a call and {} a row, {} rows a call",
        limits.memory >> 20,
        limits.state >> 20,
        limits.fuel,
        limits.fuel_per_row,
        limits.rows
    );
    let _ = writeln!(text, "imports: {}", plugin.imports().join(", "));
    text
}

/// Lines of cells, one under the other.
fn aligned(rows: &[[String; 3]]) -> String {
    if rows.is_empty() {
        return "  none\n".to_owned();
    }
    let widest = |c: usize| rows.iter().map(|row| zaraba::text_width(&row[c])).max();
    let widths = [widest(0).unwrap_or(0), widest(1).unwrap_or(0)];
    let mut text = String::new();
    for row in rows {
        let mut line = String::from(" ");
        for (cell, width) in row.iter().zip(widths) {
            line += " ";
            line += cell;
            line += &" ".repeat(width - zaraba::text_width(cell).min(width) + 1);
        }
        let _ = writeln!(text, "{}", format!("{line} {}", row[2]).trim_end());
    }
    text
}

fn fields(fields: &[Field]) -> String {
    let row = |field: &Field| {
        let null = match (field.optional, field.nullable) {
            (true, _) => " or null, or no column",
            (false, true) => " or null",
            (false, false) => "",
        };
        let of = format!("{}{null}", type_name(field.data_type));
        [field.name.clone(), of, field.description.clone()]
    };
    aligned(&fields.iter().map(row).collect::<Vec<_>>())
}

/// The properties of the JSON Schema.
fn params(manifest: &Manifest) -> String {
    let text = |schema: &Value, key: &str| match schema.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let row = |(name, schema): (&String, &Value)| {
        let mut of = text(schema, "type");
        for (key, word) in [
            ("minimum", "at least"),
            ("maximum", "at most"),
            ("default", "default"),
            ("enum", "one of"),
        ] {
            if schema.get(key).is_some() {
                let _ = write!(of, ", {word} {}", text(schema, key));
            }
        }
        [name.clone(), of, text(schema, "description")]
    };
    let properties = manifest.params.get("properties").and_then(Value::as_object);
    aligned(
        &properties
            .into_iter()
            .flatten()
            .map(row)
            .collect::<Vec<_>>(),
    )
}
