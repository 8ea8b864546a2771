//! Keys of tables as bytes whose order is that of the values, so that the keys that begin with some
//! values lie side by side.

use crate::value::{DataType, Value, type_name, type_of};

/// The bytes of key values, one behind the other.
pub(crate) fn encoded(key: &[Value]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for value in key {
        match value {
            Value::Null => bytes.push(0),
            Value::Boolean(value) => bytes.extend([1, u8::from(*value)]),
            Value::Int64(value) | Value::Timestamp(value) => whole(&mut bytes, *value),
            Value::Date(value) => whole(&mut bytes, i64::from(*value)),
            Value::Float64(value) => {
                // Zeros are equal, and so are all that are no number.
                let value = if value.is_nan() {
                    f64::NAN
                } else {
                    value + 0.0
                };
                let bits = value.to_bits();
                let ordered = match bits >> 63 {
                    0 => bits | 1 << 63,
                    _ => !bits,
                };
                bytes.push(1);
                bytes.extend(ordered.to_be_bytes());
            }
            Value::Text(value) => {
                bytes.push(1);
                // A text ends with two zeros, before any that goes on; a zero in it is doubled up.
                for byte in value.bytes() {
                    bytes.push(byte);
                    if byte == 0 {
                        bytes.push(0xff);
                    }
                }
                bytes.extend([0, 0]);
            }
        }
    }
    bytes
}

fn whole(bytes: &mut Vec<u8>, value: i64) {
    bytes.push(1);
    bytes.extend((value.cast_unsigned() ^ (1 << 63)).to_be_bytes());
}

/// Bytes of memory that values take.
pub(crate) fn bytes(values: &[Value]) -> usize {
    let texts = values.iter().map(|value| match value {
        Value::Text(text) => text.capacity(),
        _ => 0,
    });
    size_of_val(values) + texts.sum::<usize>()
}

/// Whether a value may stand where one of a type is wanted.
pub(crate) fn check(value: &Value, wanted: DataType) -> Result<(), String> {
    match type_of(value) {
        Some(of) if of != wanted => Err(format!(
            "{} where it is {}",
            type_name(of),
            type_name(wanted)
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_in_the_order_of_values() {
        let text = |text: &str| Value::Text(text.to_owned());
        let rising: [&[Value]; 5] = [
            &[
                Value::Null,
                Value::Int64(i64::MIN),
                Value::Int64(-1),
                Value::Int64(0),
                Value::Int64(9),
            ],
            &[
                Value::Float64(f64::NEG_INFINITY),
                Value::Float64(-1.5),
                Value::Float64(0.0),
                Value::Float64(1e-9),
                Value::Float64(2.5),
                Value::Float64(f64::NAN),
            ],
            &[
                text(""),
                text("\0"),
                text("\0a"),
                text("a"),
                text("a\0"),
                text("ab"),
                text("b"),
            ],
            &[Value::Boolean(false), Value::Boolean(true)],
            &[Value::Date(-3), Value::Date(0), Value::Date(20_000)],
        ];
        for values in rising {
            for pair in values.windows(2) {
                let [a, b] = [0, 1].map(|i| encoded(&[pair[i].clone(), text("z")]));
                assert!(a < b, "{pair:?}");
            }
        }
        assert_eq!(
            encoded(&[Value::Float64(-0.0)]),
            encoded(&[Value::Float64(0.0)])
        );
        // What begins with some values begins with their bytes, and nothing else does.
        let whole = encoded(&[text("a"), Value::Int64(1)]);
        assert!(whole.starts_with(&encoded(&[text("a")])));
        assert!(!encoded(&[text("ab"), Value::Int64(1)]).starts_with(&encoded(&[text("a")])));
    }
}
