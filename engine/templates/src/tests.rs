//! What filters make of values, by hand.

use crate::{ALERT_FUEL, asked, environment, form, read, told};

fn rendered(template: &str) -> Result<String, String> {
    let rendered = environment(ALERT_FUEL).render_str(template, ());
    rendered.map_err(|error| told(&error))
}

#[test]
fn numbers_read_as_the_desk_writes_them() {
    for (template, expected) in [
        ("{{ 0.8558 | round(2) }}", "0.86"),
        ("{{ 1.3 | round(2) }}", "1.30"),
        ("{{ 1.005 | round(2) }}", "1.01"),
        ("{{ -0.001 | round(2) }}", "0.00"),
        ("{{ 2.5 | round }}", "3"),
        ("{{ -2.5 | round }}", "-3"),
        ("{{ '0.125' | round(2) }}", "0.13"),
        ("{{ 7.4 | round | int + 1 }}", "8"),
        ("{{ 83902 | thousands }}枚", "83,902枚"),
        ("{{ -1234567.891 | thousands(2) }}", "-1,234,567.89"),
        ("{{ 999 | thousands }}", "999"),
        ("{{ 30 | signed }}", "+30"),
        ("{{ 0.0597 | percent }}", "+0.06%"),
        ("{{ -3 | percent(1) }}", "-3.0%"),
        (
            "{{ none | thousands }}{{ none }}{{ none | percent }}",
            "———",
        ),
        ("{{ none | round(1) | json }}", "null"),
        ("{{ none | date }}", "—"),
        ("{{ 52000.0 }}C {{ 0.5 }} {{ true }}", "52000C 0.5 true"),
        ("{{ '2025-11-14T09:00:00+09:00' | time }}", "09:00"),
        ("{{ '2025-11-14T09:00:00+09:00' | date }}", "2025-11-14"),
        ("{{ 'C & P' | urlencode }}", "C%20%26%20P"),
        ("{{ 'a\"b' | json }}", r#""a\"b""#),
        ("{% if nothing %}a{% else %}b{% endif %}", "b"),
    ] {
        assert_eq!(rendered(template).as_deref(), Ok(expected), "{template}");
    }
}

#[test]
fn what_cannot_be_read_is_told() {
    for (template, expected) in [
        (
            "{{ 'abc' | round }}",
            "invalid operation: expected a number, found `abc`",
        ),
        ("{{ nothing }}", "undefined value"),
        (
            "{% for i in range(9999) %}{{ i }}{% endfor %}",
            "engine ran out of fuel",
        ),
    ] {
        assert_eq!(rendered(template), Err(expected.to_owned()), "{template}");
    }
}

#[test]
fn names_of_others() {
    let env = environment(ALERT_FUEL);
    let names = asked(
        &env,
        "a",
        "{% for x in rows %}{{ x }}{{ y }}{% endfor %}{{ range(2) }}",
    );
    let names: Vec<String> = names.unwrap().into_iter().collect();
    assert_eq!(names, ["rows", "y"]);
    assert!(asked(&env, "a", "{{ broken").is_err());
}

#[test]
fn values_in_words_and_forms() {
    assert_eq!(read(&minijinja::Value::from(f64::NAN)), "NaN");
    assert_eq!(read(&minijinja::Value::from(1e15)), "1000000000000000.0");
    assert_eq!(form("板"), "%E6%9D%BF");
}
