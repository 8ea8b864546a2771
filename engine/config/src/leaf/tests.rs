//! Single values, right and wrong.

use super::*;

#[test]
fn sizes() {
    for (text, bytes) in [
        ("512MiB", Some(536_870_912)),
        ("64KiB", Some(65_536)),
        ("1GB", Some(1_000_000_000)),
        ("2 GiB", Some(2_147_483_648)),
        ("7B", Some(7)),
        ("0B", None),
        ("MiB", None),
        ("-1B", None),
        ("1.5GB", None),
        ("512", None),
        ("99999999999TiB", None),
    ] {
        assert_eq!(parse_size(text), bytes, "{text}");
    }
}

#[test]
fn times() {
    // Seconds as `date -u -d TEXT +%s` has them.
    for (text, zone, seconds) in [
        ("2025-11-14T09:00:00+09:00", Tz::UTC, Some(1_763_078_400)),
        ("2025-11-14T00:00:00Z", Tz::Asia__Tokyo, Some(1_763_078_400)),
        ("2025-11-14T09:00:00", Tz::Asia__Tokyo, Some(1_763_078_400)),
        ("2025-11-14 09:00", Tz::Asia__Tokyo, Some(1_763_078_400)),
        ("2025-11-14", Tz::UTC, Some(1_763_078_400)),
        ("2025-03-09T02:30:00", Tz::America__New_York, None), // the clock went past it
        ("2025-11-14T25:00:00", Tz::UTC, None),
        ("9 o'clock", Tz::UTC, None),
    ] {
        assert_eq!(
            parse_time(text, zone),
            seconds.map(|s: i64| s * 1_000_000),
            "{text}"
        );
    }
    let fraction = parse_time("1970-01-01T00:00:00.000123", Tz::UTC);
    assert_eq!(fraction, Some(123));
}

#[test]
fn decimals() {
    for (text, expected) in [
        ("(18, 4)", Some((18, 4))),
        ("(1,0)", Some((1, 0))),
        (" (38 , 38)", Some((38, 38))),
        ("(39, 1)", None),
        ("(0, 0)", None),
        ("(4, 5)", None),
        ("(4)", None),
        ("", None),
    ] {
        assert_eq!(decimal(text), expected, "{text}");
    }
}
