//! A pipeline file's text.
#![no_main]

use std::path::Path;

use zaraba_config::load::{LoadOptions, load_text};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let options = LoadOptions {
        profile: None,
        set: Vec::new(),
        env: &|name: &str| (name.len() < 3).then(|| "secret".to_owned()),
    };
    // `include` would read files of this machine.
    if !text.contains("include") {
        let loaded = load_text(Path::new("pipeline.toml"), text, &options);
        drop(loaded.sources.render_all(&loaded.diagnostics));
    }
});
