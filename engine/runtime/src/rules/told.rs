//! What programs around a pipeline ask of a rule's plugin.

use serde_json::{Map, Value as Json};
use zaraba_rules::rule::complete_params;
use zaraba_rules::value::DataType;

use crate::plan::PipelinePlan;

/// What a rule's plugin says of itself.
#[derive(Clone, Debug)]
pub struct PluginTold {
    /// The columns of its first stream that name what an alert is about: texts, dates, and what it
    /// tells again in its outputs. In the plugin's order.
    pub names: Vec<String>,
    /// The JSON Schema of its parameters.
    pub schema: Map<String, Json>,
    /// Its parameters here, defaults among them.
    pub params: Map<String, Json>,
}

impl PipelinePlan {
    /// What the plugin of a rule says; none: there is no such rule.
    #[must_use]
    pub fn plugin_of(&self, rule: &str) -> Option<PluginTold> {
        let work = self.rules.get(rule)?;
        let manifest = work.plugin.manifest();
        let first = manifest.streams.first();
        let fields = first.into_iter().flat_map(|stream| &stream.fields);
        let names = fields.filter(|field| {
            let told = manifest.outputs.iter().any(|out| out.name == field.name);
            told || matches!(field.data_type, DataType::Text | DataType::Date)
        });
        let given = work.filled(&work.params);
        Some(PluginTold {
            names: names.map(|field| field.name.clone()).collect(),
            schema: manifest.params.clone(),
            params: complete_params(&work.plugin, &given).unwrap_or(given),
        })
    }
}
