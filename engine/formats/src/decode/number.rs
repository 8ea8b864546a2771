//! Numbers from bytes, exactly: integers and decimals digit by digit, so that nothing is rounded on
//! the way; floats by the standard library. Feeds write integers as `100.0` and `1e3` too.

/// Why a text is not the number that was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is no number.
    Not,
    /// It does not fit into the type.
    Large,
    /// It has digits behind the last one that the type keeps.
    Fine,
}

impl Fault {
    /// What to add to "expected …, got …".
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Not => "",
            Self::Large => ", which is too large",
            Self::Fine => ", which has too many decimals",
        }
    }
}

/// What happens to digits behind the last one kept.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    /// They are a fault, but for zeros.
    Refuse,
    /// They are cut off, towards the past.
    Cut,
}

/// Digits that an `i64` holds in any case.
const SAFE_DIGITS: usize = 18;

/// A 64-bit integer.
pub(super) fn int(text: &[u8]) -> Result<i64, Fault> {
    let (negative, digits) = sign(text);
    if digits.is_empty() || digits.len() > SAFE_DIGITS || !digits.iter().all(u8::is_ascii_digit) {
        return decimal(text, 0, Rest::Refuse).and_then(|n| n.try_into().map_err(|_| Fault::Large));
    }
    let n = digits
        .iter()
        .fold(0, |n: i64, d| n * 10 + i64::from(d - b'0'));
    Ok(if negative { -n } else { n })
}

/// A float; what overflows is too large, not infinite.
pub(super) fn float(text: &[u8]) -> Result<f64, Fault> {
    let text = std::str::from_utf8(text).map_err(|_| Fault::Not)?;
    let x: f64 = text.parse().map_err(|_| Fault::Not)?;
    let overflown = x.is_infinite() && text.bytes().any(|b| b.is_ascii_digit());
    if overflown { Err(Fault::Large) } else { Ok(x) }
}

/// A decimal number times 10 to the power of `scale`.
pub(super) fn decimal(text: &[u8], scale: i32, rest: Rest) -> Result<i128, Fault> {
    let (negative, text) = sign(text);
    let end = text
        .iter()
        .position(|b| matches!(b, b'e' | b'E'))
        .unwrap_or(text.len());
    let (mantissa, exponent) = text.split_at(end);
    let point = mantissa
        .iter()
        .position(|b| *b == b'.')
        .unwrap_or(mantissa.len());
    let (whole, fraction) = (&mantissa[..point], mantissa.get(point + 1..).unwrap_or(&[]));
    if whole.is_empty() && fraction.is_empty() {
        return Err(Fault::Not);
    }
    let mut n: i128 = 0;
    for digit in whole.iter().chain(fraction) {
        if !digit.is_ascii_digit() {
            return Err(Fault::Not);
        }
        let more = n
            .checked_mul(10)
            .and_then(|n| n.checked_add(i128::from(digit - b'0')));
        n = more.ok_or(Fault::Large)?;
    }
    let exponent = match exponent {
        [] => 0,
        [_, digits @ ..] => power(digits)?,
    };
    let fraction = i32::try_from(fraction.len()).map_err(|_| Fault::Fine)?;
    shift(
        if negative { -n } else { n },
        scale.saturating_sub(fraction).saturating_add(exponent),
        rest,
    )
}

/// `10^precision`, the first number with more digits than that.
pub(super) fn bound(precision: u8) -> i128 {
    10_i128
        .checked_pow(u32::from(precision))
        .unwrap_or(i128::MAX)
}

fn sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    }
}

/// The number behind an `e`; beyond any type's reach it stops growing.
fn power(digits: &[u8]) -> Result<i32, Fault> {
    let (negative, digits) = sign(digits);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Fault::Not);
    }
    let n = digits
        .iter()
        .fold(0_i32, |n, d| (n * 10 + i32::from(d - b'0')).min(10_000));
    Ok(if negative { -n } else { n })
}

/// `n` times 10 to the power of `by`.
fn shift(n: i128, by: i32, rest: Rest) -> Result<i128, Fault> {
    let power = 10_i128.checked_pow(by.unsigned_abs());
    match (by >= 0, power) {
        _ if n == 0 => Ok(0),
        (true, power) => power.and_then(|p| n.checked_mul(p)).ok_or(Fault::Large),
        (false, Some(power)) if rest == Rest::Cut || n % power == 0 => Ok(n.div_euclid(power)),
        (false, None) if rest == Rest::Cut => Ok(if n < 0 { -1 } else { 0 }),
        (false, _) => Err(Fault::Fine),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers() {
        for (text, expected) in [
            ("0", Ok(0)),
            ("-12", Ok(-12)),
            ("+7", Ok(7)),
            ("100.0", Ok(100)),
            ("1e3", Ok(1_000)),
            ("1.5e1", Ok(15)),
            ("9223372036854775807", Ok(i64::MAX)),
            ("-9223372036854775808", Ok(i64::MIN)),
            ("9223372036854775808", Err(Fault::Large)),
            ("1e400", Err(Fault::Large)),
            ("1.5", Err(Fault::Fine)),
            ("", Err(Fault::Not)),
            ("-", Err(Fault::Not)),
            (".", Err(Fault::Not)),
            ("1-2", Err(Fault::Not)),
            ("1e", Err(Fault::Not)),
            ("0x10", Err(Fault::Not)),
        ] {
            assert_eq!(int(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn decimals() {
        for (text, scale, expected) in [
            ("123.45", 2, Ok(12_345)),
            ("123.4", 2, Ok(12_340)),
            ("-0.5", 1, Ok(-5)),
            (".5", 1, Ok(5)),
            ("5.", 1, Ok(50)),
            ("123.450", 2, Ok(12_345)),
            ("123.456", 2, Err(Fault::Fine)),
            ("1200", -2, Ok(12)),
            ("1e-3", 3, Ok(1)),
            ("0e99999999", 3, Ok(0)),
            ("1e-99999999", 3, Err(Fault::Fine)),
        ] {
            assert_eq!(
                decimal(text.as_bytes(), scale, Rest::Refuse),
                expected,
                "{text}"
            );
        }
        assert_eq!(decimal(b"-1.5", 0, Rest::Cut), Ok(-2));
    }

    #[test]
    fn floats() {
        assert_eq!(float(b"-1.5e3"), Ok(-1500.0));
        assert_eq!(float(b"0.1"), Ok(0.1));
        assert_eq!(float(b"inf"), Ok(f64::INFINITY));
        assert!(float(b"NaN").is_ok_and(f64::is_nan));
        assert_eq!(float(b"1e999"), Err(Fault::Large));
        assert_eq!(float(b"1.2.3"), Err(Fault::Not));
        assert_eq!(float(b"\xff"), Err(Fault::Not));
    }
}
