//! Files that are no plugins, plugins that want too much, and compiled code on disk.

use super::*;
use crate::rule::{check_stream, complete_params};

fn refusal(bytes: &[u8]) -> String {
    Plugin::from_bytes(&HOST, bytes).unwrap_err().to_string()
}

#[test]
fn what_is_no_rule_is_refused_with_the_reason() {
    let component = |text: &str| wat::parse_str(text).unwrap();
    let sockets = r#"(component (import "wasi:sockets/tcp@0.2.0" (instance
        (export "tcp-socket" (type (sub resource))))))"#;
    let foreign = r#"(component (import "acme:tools/shell@1.0.0" (instance
        (export "run" (func (param "line" string))))))"#;
    for (bytes, reason) in [
        (b"PK not wasm".to_vec(), "not a WebAssembly file"),
        (
            b"\0asm\x09\0\0\0".to_vec(),
            "a WebAssembly file of a version that is not known",
        ),
        (
            b"\0asm\x0d\0\x01\0garbage".to_vec(),
            "not a valid component",
        ),
        (
            component("(module)"),
            "a core module that does not carry its component type",
        ),
        (
            component(sockets),
            "it imports `wasi:sockets/tcp@0.2.0`: rules are not given the network",
        ),
        (
            component(foreign),
            "it imports `acme:tools/shell@1.0.0`; rules are given",
        ),
        (component("(component)"), "not a rule: "),
    ] {
        let said = refusal(&bytes);
        assert!(said.contains(reason), "{said}");
    }
}

/// A whole plugin that is as it should be but for a word, which is changed for one as long.
#[test]
fn a_plugin_that_lies_or_wants_the_network_is_refused() {
    let bytes = std::fs::read(built("hostile")).unwrap();
    for (word, other, reason) in [
        (
            "total",
            "value",
            "the outputs: every alert has a column `value`",
        ),
        (
            "wasi:cli/stdout",
            "wasi:http/types",
            "it imports `wasi:http/types@0.2.3`: rules are not given the network",
        ),
    ] {
        let mut bytes = bytes.clone();
        let places = 0..bytes.len() - word.len();
        for at in places {
            if bytes[at..].starts_with(word.as_bytes()) {
                bytes[at..at + word.len()].copy_from_slice(other.as_bytes());
            }
        }
        let said = refusal(&bytes);
        assert!(said.contains(reason), "{said}");
    }
}

#[test]
fn a_component_is_as_good_as_a_core_module() {
    let module = std::fs::read(built("hostile")).unwrap();
    let encoder = wit_component::ComponentEncoder::default()
        .module(&module)
        .unwrap();
    let component = { encoder }.encode().unwrap();
    let plugin = Plugin::from_bytes(&HOST, &component).unwrap();
    assert_eq!(plugin.manifest().name, "hostile");
}

#[test]
fn compiled_code_is_kept_and_a_broken_file_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("compiled");
    let load = || {
        let host = Host::new(Some(place.clone())).unwrap();
        Plugin::from_file(&host, &built("hostile"))
            .unwrap()
            .manifest()
            .version
            .clone()
    };
    let files = || -> Vec<PathBuf> {
        let found = std::fs::read_dir(&place).unwrap();
        found.map(|file| file.unwrap().path()).collect()
    };
    assert_eq!(load(), "0.1.0");
    let [file] = &files()[..] else {
        panic!("one file")
    };
    let whole = std::fs::read(file).unwrap();
    let inode = |path| std::os::unix::fs::MetadataExt::ino(&std::fs::metadata(path).unwrap());
    let before = inode(file);
    load();
    assert_eq!(inode(file), before, "it was read, not written");
    let mut broken = whole.clone();
    broken[whole.len() / 2] ^= 1;
    std::fs::write(file, &broken).unwrap();
    assert_eq!(load(), "0.1.0");
    assert_eq!(std::fs::read(file).unwrap(), whole);
}

#[test]
fn columns_that_do_not_fit_are_named() {
    let plugin = Plugin::from_file(&HOST, &built("oi-jump")).unwrap();
    let schema = Schema::new(vec![
        Field::new("sq_date", DataType::Date32, true),
        Field::new("strik", DataType::Float64, true),
        Field::new("put_call", DataType::Utf8View, true),
        Field::new("oi_base", DataType::UInt64, true),
        Field::new("oi", DataType::Int32, true),
    ]);
    let misfits = check_stream(&plugin, 0, "deltas", &schema).unwrap_err();
    let said: Vec<&str> = misfits.iter().map(|misfit| misfit.what.as_str()).collect();
    assert_eq!(
        said,
        [
            "no column `strike` in `deltas`, which the rule wants as float64 (The strike); did you \
             mean `strik`?",
            "the rule wants `oi_base` of `deltas` as int64, and it is UInt64: numbers beyond \
             9,223,372,036,854,775,807 would not fit; a query can say how, with CAST",
        ]
    );
}

#[test]
fn parameters_are_checked_and_completed() {
    let plugin = Plugin::from_file(&HOST, &built("oi-jump")).unwrap();
    let complete = complete_params(&plugin, &object(json!({ "jump_pct": 20 }))).unwrap();
    assert_eq!(
        Value::Object(complete),
        json!({
            "jump_pct": 20, "watch_pct": 10.0, "high_pct": 20.0, "base_min": 100, "change_min": 50
        })
    );
    let wrong = complete_params(
        &plugin,
        &object(json!({ "jmp_pct": 20, "base_min": 0.5, "high_pct": -1 })),
    );
    let said: Vec<String> = wrong.unwrap_err().into_iter().map(|bad| bad.what).collect();
    assert_eq!(
        said,
        [
            "the plugin has no parameter `jmp_pct`; did you mean `jump_pct`?",
            "`base_min` is an integer, not 0.5",
            "`high_pct` is at least 0, not -1",
        ]
    );
}
