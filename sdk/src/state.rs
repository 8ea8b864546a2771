//! What a rule remembers, typed: a [`Keyed`] is a map from keys to values that the engine holds, in
//! its checkpoints, whatever becomes of the instance.
//!
//! ```
//! use zaraba_sdk::Stored;
//! use zaraba_sdk::input::Timestamp;
//! use zaraba_sdk::state::Keyed;
//!
//! #[derive(Debug, PartialEq, Stored)]
//! struct Seen {
//!     price: f64,
//!     alerted: Option<Timestamp>,
//! }
//!
//! const SEEN: Keyed<Seen> = Keyed::new("seen");
//!
//! let (now, later) = (Timestamp(1_000_000), Timestamp(2_000_000));
//! assert_eq!(SEEN.get("7203", now), None);
//! SEEN.set_until("7203", &Seen { price: 2800.0, alerted: None }, later);
//! assert_eq!(SEEN.get("7203", now).unwrap().price, 2800.0);
//! assert_eq!(SEEN.get("7203", later), None); // its end, in event time
//! ```
//!
//! Values that come with each row and of which a window counts are a [`crate::series::Series`].

use std::marker::PhantomData;

use crate::host;
use crate::input::{Date, Timestamp};

/// What can be remembered: numbers, text, `Option`, `Vec`, arrays, tuples, and structs with
/// `#[derive(Stored)]`.
pub trait Stored: Sized {
    /// Appends its bytes.
    fn write(&self, out: &mut Vec<u8>);

    /// Takes it from the front of the bytes; none if they are not its.
    fn read(bytes: &mut &[u8]) -> Option<Self>;
}

macro_rules! stored_number {
    ($($of:ty),*) => {
        $(impl Stored for $of {
            fn write(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn read(bytes: &mut &[u8]) -> Option<Self> {
                let (first, rest) = bytes.split_first_chunk()?;
                *bytes = rest;
                Some(<$of>::from_le_bytes(*first))
            }
        })*
    };
}

stored_number!(u8, u32, u64, i32, i64, f64);

impl Stored for bool {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        u8::read(bytes).map(|byte| byte != 0)
    }
}

macro_rules! stored_newtype {
    ($($of:ident)*) => {
        $(impl Stored for $of {
            fn write(&self, out: &mut Vec<u8>) {
                self.0.write(out);
            }

            fn read(bytes: &mut &[u8]) -> Option<Self> {
                Stored::read(bytes).map($of)
            }
        })*
    };
}

stored_newtype!(Timestamp Date);

impl<T: Stored + Copy + Default, const N: usize> Stored for [T; N] {
    fn write(&self, out: &mut Vec<u8>) {
        for item in self {
            item.write(out);
        }
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        let mut items = [T::default(); N];
        for item in &mut items {
            *item = T::read(bytes)?;
        }
        Some(items)
    }
}

impl<T: Stored> Stored for Vec<T> {
    fn write(&self, out: &mut Vec<u8>) {
        (self.len() as u32).write(out);
        out.reserve(self.len() * size_of::<T>());
        for item in self {
            item.write(out);
        }
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        let n = u32::read(bytes)? as usize;
        // Bytes that are another type's may say any number; each item has one byte at least.
        let mut items = Self::with_capacity(n.min(bytes.len()));
        for _ in 0..n {
            items.push(T::read(bytes)?);
        }
        Some(items)
    }
}

impl Stored for String {
    fn write(&self, out: &mut Vec<u8>) {
        (self.len() as u32).write(out);
        out.extend_from_slice(self.as_bytes());
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        let n = u32::read(bytes)? as usize;
        let (text, rest) = bytes.split_at_checked(n)?;
        *bytes = rest;
        Self::from_utf8(text.to_vec()).ok()
    }
}

impl<T: Stored> Stored for Option<T> {
    fn write(&self, out: &mut Vec<u8>) {
        self.is_some().write(out);
        if let Some(value) = self {
            value.write(out);
        }
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        match bool::read(bytes)? {
            true => T::read(bytes).map(Some),
            false => Some(None),
        }
    }
}

macro_rules! stored_tuple {
    ($($name:ident $place:tt)+) => {
        impl<$($name: Stored),+> Stored for ($($name,)+) {
            fn write(&self, out: &mut Vec<u8>) {
                $(self.$place.write(out);)+
            }

            fn read(bytes: &mut &[u8]) -> Option<Self> {
                Some(($($name::read(bytes)?,)+))
            }
        }
    };
}

stored_tuple!(A 0 B 1);
stored_tuple!(A 0 B 1 C 2);
stored_tuple!(A 0 B 1 C 2 D 3);

/// The value that these bytes are, all of them.
pub(crate) fn whole<T: Stored>(mut bytes: &[u8]) -> Option<T> {
    let value = T::read(&mut bytes)?;
    bytes.is_empty().then_some(value)
}

/// A map of the rule's own, by name: values of one type by text.
#[derive(Clone, Copy, Debug)]
pub struct Keyed<T> {
    name: &'static str,
    value: PhantomData<fn() -> T>,
}

impl<T: Stored> Keyed<T> {
    /// The map of a name.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            value: PhantomData,
        }
    }

    /// Names have no byte 0, so that no map's keys lie in another's.
    fn key(&self, key: &str) -> Vec<u8> {
        [self.name.as_bytes(), &[0], key.as_bytes()].concat()
    }

    /// The value of a key at the time of a row (or tick). A value of another type, left by another
    /// version of the rule, counts as none.
    #[must_use]
    pub fn get(&self, key: &str, at: Timestamp) -> Option<T> {
        whole(&host::state_get(&self.key(key), at.0)?)
    }

    /// Sets it for good.
    pub fn set(&self, key: &str, value: &T) {
        self.put(key, value, None);
    }

    /// Sets it until a time.
    pub fn set_until(&self, key: &str, value: &T, expires: Timestamp) {
        self.put(key, value, Some(expires.0));
    }

    fn put(&self, key: &str, value: &T, expires: Option<i64>) {
        let mut bytes = Vec::new();
        value.write(&mut bytes);
        host::state_set(&self.key(key), &bytes, expires);
    }

    /// Forgets it.
    pub fn delete(&self, key: &str) {
        host::state_delete(&self.key(key));
    }

    /// All keys that begin with a prefix and their values, in the order of their keys.
    #[must_use]
    pub fn scan(&self, prefix: &str, at: Timestamp) -> Vec<(String, T)> {
        let start = self.key(prefix);
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = host::state_scan(&start, after.as_deref(), 1024, at.0);
            after = page.last().map(|(key, _)| key.clone());
            let full = page.len() == 1024;
            found.extend(page.iter().filter_map(|(key, value)| {
                let key = std::str::from_utf8(&key[self.name.len() + 1..]).ok()?;
                Some((key.to_owned(), whole(value)?))
            }));
            if !full {
                return found;
            }
        }
    }
}
