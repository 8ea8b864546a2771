//! Every folder of `wrong/` is a pipeline with mistakes that only planning finds, and the exact
//! text that users see.

use zaraba_config::load::{LoadOptions, load};
use zaraba_runtime::plan::{Extensions, plan};

use crate::cases::{compare, folders};

#[test]
fn texts() {
    let cases = folders("wrong");
    assert!(cases.len() >= 130, "only {} cases", cases.len());
    let plugins = std::env::var("ZARABA_PLUGINS").expect("the rules built by `make plugins`");
    let complaint = |case: &std::path::PathBuf| {
        let options = LoadOptions {
            profile: None,
            set: Vec::new(),
            env: &|_| None,
        };
        let loaded = load(&case.join("pipeline.toml"), &options);
        let mut mistakes = loaded.diagnostics;
        if let Some(document) = &loaded.document {
            let (_, more) = plan(document, &Extensions::default());
            more.0.into_iter().for_each(|m| mistakes.push(m));
        }
        mistakes.sort();
        if mistakes.is_empty() {
            return Some(format!("{}: no mistake was found", case.display()));
        }
        // As a user in that folder sees it.
        let shown = loaded.sources.render_all(&mistakes);
        let shown = shown.replace(&format!("{}/", case.display()), "");
        let shown = shown.replace(&plugins, "$ZARABA_PLUGINS");
        compare(&case.join("error.txt"), &shown)
    };
    let wrong: Vec<String> = cases.iter().filter_map(complaint).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
