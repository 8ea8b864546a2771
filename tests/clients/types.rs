//! Types made from the topics of a pipeline that runs: code that fits them compiles, code that
//! does not is refused at its line. And the package's own tests, against the same pipeline.

use crate::clients::desk::Desk;
use crate::clients::package::Package;

/// Code, and what the compiler says of it, line by line.
const WRONG: &[(&str, &str)] = &[
    (
        "client.topic('newst');",
        "Argument of type '\"newst\"' is not assignable to parameter of type '\"newest\" | \"ticks\"'.",
    ),
    (
        "newest.getSnapshot().rows[0]?.prize;",
        "Property 'prize' does not exist on type 'NewestRow'. Did you mean 'price'?",
    ),
    (
        "const n: string | null = newest.getSnapshot().rows[0]!.n;",
        "Type 'bigint | null' is not assignable to type 'string | null'.",
    ),
    (
        "ticks.observe((change) => change.type === 'upsert');",
        "This comparison appears to be unintentional because the types",
    ),
    (
        "newest.observe((change) => change.type === 'upsert' && change.deleted[0]?.price);",
        "Property 'price' does not exist on type 'KeyOf<",
    ),
    (
        "connect('ws://127.0.0.1/ws', { topics, tokn: 'x' });",
        "'tokn' does not exist in type",
    ),
];

const HEAD: &str = "import { connect } from 'zaraba-client';
import { topics, type NewestRow } from './topics.js';
const client = connect('ws://127.0.0.1/ws', { topics });
const newest = client.topic('newest');
const ticks = client.topic('ticks');
";

const RIGHT: &str = "
export function dearest(): NewestRow | undefined {
  const rows = [...newest.getSnapshot().rows];
  return rows.sort((a, b) => (b.price ?? 0) - (a.price ?? 0))[0];
}
export const total: bigint = ticks.getSnapshot().rows.reduce((sum, row) => sum + (row.n ?? 0n), 0n);
newest.observe((change) => {
  if (change.type === 'upsert') for (const { key } of change.deleted) key?.toUpperCase();
});
export const untyped: unknown = connect('ws://127.0.0.1/ws').topic('any').getSnapshot().rows[0]?.['x'];
";

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn typescript_knows_the_columns() {
    let package = Package::compile();
    let desk = Desk::start("");
    let folder = package.path().join("typed");
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    std::fs::create_dir(&folder).unwrap();
    let mut generator = package.node();
    generator
        .arg("dist/bin.js")
        .arg(format!("http://{}", desk.address));
    let made = generator.args(["--int64", "bigint"]).output().unwrap();
    let made = text(&made.stdout) + &text(&made.stderr);
    assert_eq!(made, include_str!("topics.ts"));
    write("topics.ts", &made);
    write("right.ts", &(HEAD.to_owned() + RIGHT));
    write(
        "tsconfig.json",
        "{ \"extends\": \"../tsconfig.json\", \"include\": [\".\"],
           \"compilerOptions\": { \"rootDir\": \".\", \"noEmit\": true, \"noUnusedLocals\": false } }",
    );
    let right = package.tsc(&["-p", "typed"]);
    assert!(right.status.success(), "{}", text(&right.stdout));
    let wrong: Vec<&str> = WRONG.iter().map(|(code, _)| *code).collect();
    write("wrong.ts", &(HEAD.to_owned() + &wrong.join("\n")));
    let said = text(&package.tsc(&["-p", "typed", "--pretty", "false"]).stdout);
    for (i, (code, message)) in WRONG.iter().enumerate() {
        let place = format!("typed/wrong.ts({},", HEAD.lines().count() + i + 1);
        let line = said.lines().find(|line| line.starts_with(&place));
        let line = line.unwrap_or_else(|| panic!("nothing is wrong with `{code}`:\n{said}"));
        assert!(line.contains(message), "{code}\n{line}");
    }
    let errors = said.lines().filter(|line| line.contains("error TS"));
    assert_eq!(errors.count(), WRONG.len(), "{said}");
    desk.stop().await;
}

#[test]
fn the_packages_own_tests() {
    let package = Package::compile();
    let built = std::fs::read_dir(package.path().join("build/test")).unwrap();
    let files = built.map(|entry| entry.unwrap().path());
    let tests = files.filter(|path| path.to_string_lossy().ends_with(".test.js"));
    let mut node = package.node();
    let came = node.arg("--test").args(tests).output().unwrap();
    let said = text(&came.stdout);
    assert!(came.status.success(), "{said}");
    let passed = said.lines().find_map(|line| line.strip_prefix("# pass "));
    let passed = passed.or_else(|| said.lines().find_map(|line| line.strip_prefix("ℹ pass ")));
    let passed: usize = passed.unwrap_or_else(|| panic!("{said}")).parse().unwrap();
    assert!(passed >= 15, "{said}");
}
