//! Values with their times, by key, of which a window counts: the rows of the last five minutes, the
//! last twenty closes. Like all state they are held by the engine, whatever becomes of the instance.
//!
//! A key's values are kept in pieces of [`PIECE`], so that one more of them moves a piece, not the
//! window: what a call moves is counted against its fuel.

use std::marker::PhantomData;

use crate::host;
use crate::input::Timestamp;
use crate::state::Stored;

/// Values of a piece.
pub const PIECE: u32 = 8;

/// Which values count.
#[derive(Clone, Copy, Debug)]
enum Span {
    /// Those younger than this, microseconds; and the newest one before them if it is not older
    /// than the second figure before the window.
    Time(i64, i64),
    /// So many.
    Count(u32),
}

/// Values of one type, by key.
///
/// ```
/// use zaraba_sdk::input::Timestamp;
/// use zaraba_sdk::series::Series;
///
/// // Five seconds, and what was so when they began if that is not older than a minute.
/// let prices: Series<f64> = Series::within("prices", 5_000_000).looking_back(60_000_000);
/// let second = |n: i64| Timestamp(n * 1_000_000);
/// for (at, price) in [(0, 9.0), (2, 10.0), (6, 14.0)] {
///     prices.push("58000 C", &price, second(at));
/// }
/// // (1 s, 6 s] holds two; nine was the price when it began.
/// let window = prices.window("58000 C", second(6));
/// assert_eq!(window, [(second(2), 10.0), (second(6), 14.0)]);
/// assert_eq!(prices.before("58000 C", second(6)), Some((second(0), 9.0)));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Series<T> {
    name: &'static str,
    span: Span,
    value: PhantomData<fn() -> T>,
}

/// The newest piece of a key: how many pieces it had before, and its own values.
struct Head {
    number: u32,
    count: u32,
    values: Vec<u8>,
}

impl Head {
    fn read(mut bytes: &[u8]) -> Option<Self> {
        Some(Self {
            number: u32::read(&mut bytes)?,
            count: u32::read(&mut bytes)?,
            values: bytes.to_vec(),
        })
    }
}

/// The values of a piece; none if its bytes are of another type.
fn values<T: Stored>(mut bytes: &[u8]) -> Option<Vec<(Timestamp, T)>> {
    let mut found = Vec::with_capacity(PIECE as usize);
    while !bytes.is_empty() {
        found.push(Stored::read(&mut bytes)?);
    }
    Some(found)
}

/// The newest value of a piece at or before a time, and whether there are any behind it.
fn older<T: Stored>(mut bytes: &[u8], start: i64) -> (Option<(Timestamp, T)>, bool) {
    let mut newest = None;
    while !bytes.is_empty() {
        match <(Timestamp, T)>::read(&mut bytes) {
            Some(value) if value.0.0 <= start => newest = Some(value),
            found => return (newest, found.is_some()),
        }
    }
    (newest, false)
}

impl<T: Stored> Series<T> {
    /// The values of the last so many microseconds: at a time t those of `(t − span, t]`.
    #[must_use]
    pub const fn within(name: &'static str, span: i64) -> Self {
        Self {
            name,
            span: Span::Time(span, 0),
            value: PhantomData,
        }
    }

    /// The last n values. They are kept for good: for keys that do not end.
    #[must_use]
    pub const fn last(name: &'static str, n: u32) -> Self {
        Self {
            name,
            span: Span::Count(n),
            value: PhantomData,
        }
    }

    /// Keeps the newest value before the window, too, while it is not older than so many microseconds
    /// before the window's beginning: what [`Series::before`] gives.
    #[must_use]
    pub const fn looking_back(mut self, micros: i64) -> Self {
        if let Span::Time(span, _) = self.span {
            self.span = Span::Time(span, micros);
        }
        self
    }

    /// What the keys of a key's pieces begin with. With its length, no key lies in another.
    fn place(&self, kind: u8, key: &str) -> Vec<u8> {
        let length = (key.len() as u32).to_be_bytes();
        [self.name.as_bytes(), &[0, kind], &length, key.as_bytes()].concat()
    }

    fn piece(&self, key: &str, number: u32) -> Vec<u8> {
        [self.place(b'p', key).as_slice(), &number.to_be_bytes()].concat()
    }

    fn head(&self, key: &str, at: Timestamp) -> Option<Head> {
        Head::read(&host::state_get(&self.place(b'h', key), at.0)?)
    }

    /// One more value, at the time of a row, not older than those before it.
    pub fn push(&self, key: &str, value: &T, at: Timestamp) {
        let mut head = self.head(key, at).unwrap_or(Head {
            number: 0,
            count: 0,
            values: Vec::new(),
        });
        if head.count == PIECE {
            self.put_aside(key, &head, at);
            head.values.clear();
            (head.number, head.count) = (head.number.wrapping_add(1), 0);
        }
        let mut bytes = Vec::with_capacity(head.values.len() + 64);
        head.number.write(&mut bytes);
        (head.count + 1).write(&mut bytes);
        bytes.extend_from_slice(&head.values);
        at.write(&mut bytes);
        value.write(&mut bytes);
        let end = match self.span {
            // At the very end of looking back it is still there.
            Span::Time(span, back) => Some(at.0.saturating_add(span).saturating_add(back + 1)),
            Span::Count(_) => None,
        };
        host::state_set(&self.place(b'h', key), &bytes, end);
    }

    /// A full piece: of a window of time it is needed until the window begins with the value that
    /// comes next, which is of `at`.
    fn put_aside(&self, key: &str, full: &Head, at: Timestamp) {
        let end = match self.span {
            Span::Time(span, _) => Some(at.0.saturating_add(span)),
            Span::Count(n) => {
                let gone = full.number.checked_sub(n.div_ceil(PIECE));
                if let Some(gone) = gone {
                    host::state_delete(&self.piece(key, gone));
                }
                None
            }
        };
        host::state_set(&self.piece(key, full.number), &full.values, end);
    }

    /// The window's values at the time of a row, the oldest first.
    #[must_use]
    pub fn window(&self, key: &str, at: Timestamp) -> Vec<(Timestamp, T)> {
        let mut found = Vec::new();
        let (prefix, mut after) = (self.place(b'p', key), None);
        loop {
            let page = host::state_scan(&prefix, after.as_deref(), 1024, at.0);
            found.extend(page.iter().filter_map(|(_, piece)| values(piece)).flatten());
            after = page.last().map(|(key, _)| key.clone());
            if page.len() < 1024 {
                break;
            }
        }
        let head = self.head(key, at).and_then(|head| values(&head.values));
        found.extend(head.into_iter().flatten());
        let first = match self.span {
            Span::Time(span, _) => found.partition_point(|(time, _)| time.0 <= at.0 - span),
            Span::Count(n) => found.len().saturating_sub(n as usize),
        };
        found.drain(..first);
        found
    }

    /// The newest value at or before the beginning of a window of time, if it is not too old
    /// ([`Series::looking_back`]). It costs a piece or two, however long the window is.
    #[must_use]
    pub fn before(&self, key: &str, at: Timestamp) -> Option<(Timestamp, T)> {
        let Span::Time(span, back) = self.span else {
            return None;
        };
        let start = at.0.saturating_sub(span);
        let (prefix, mut after, mut newest) = (self.place(b'p', key), None, None);
        // The oldest piece that is left is the one that the window begins in, see `put_aside`; if the
        // span was longer when it was written there are more of them.
        loop {
            let piece = host::state_scan(&prefix, after.as_deref(), 1, at.0).pop();
            let Some((place, piece)) = piece else {
                let head = self.head(key, at);
                newest = head
                    .and_then(|head| older(&head.values, start).0)
                    .or(newest);
                break;
            };
            let (older, ends) = older(&piece, start);
            newest = older.or(newest);
            if ends {
                break;
            }
            after = Some(place);
        }
        newest.filter(|(time, _)| time.0 >= start.saturating_sub(back))
    }

    /// The newest value.
    #[must_use]
    pub fn newest(&self, key: &str, at: Timestamp) -> Option<(Timestamp, T)> {
        values(&self.head(key, at)?.values)?.pop()
    }
}
