//! The three Nexmark streams from a seed, as record batches: of every 50 events the first is a
//! person, the next three are auctions, the rest are bids, and event time advances with the index.
//!
//! Each row is a function of the seed and its event's index alone (ChaCha's stream number is the
//! index), so that the streams can be made one by one, in batches of any size, from any row on.
//! Columns and proportions are those of the public benchmark, with two differences: an id is only
//! referred to after its row, so that joins have an exact answer, and amounts are drawn in
//! integers, so that every machine makes the same rows.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use rand::{Rng, RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Events after which the kinds repeat.
const GROUP: u64 = 50;
/// The ids of people and auctions count from here.
const FIRST_ID: i64 = 1000;
const FIRST_CATEGORY: i64 = 10;
const CATEGORIES: i64 = 5;
/// One in so many people or auctions is hot, until the next one is.
const HOT_EVERY: i64 = 100;
/// Of so many bids all but one go to the hot auction.
const HOT_AUCTION_RATIO: u32 = 2;
/// Of so many bids or auctions all but one come from the hot person.
const HOT_PERSON_RATIO: u32 = 4;
/// The newest people, who sell and bid.
const ACTIVE_PEOPLE: i64 = 1000;
/// The newest auctions, which are bid for.
const OPEN_AUCTIONS: i64 = 100;
const CHANNELS: u32 = 10_000;

const FIRST_NAMES: &[&str] = &[
    "Aiko", "Bruno", "Chloe", "Daniel", "Emi", "Farid", "Greta", "Hugo",
];
const LAST_NAMES: &[&str] = &[
    "Abe", "Brown", "Costa", "Diaz", "Endo", "Fischer", "Garcia", "Hill",
];
/// The public queries ask for people in OR, ID and CA.
const CITIES: &[(&str, &str)] = &[
    ("Phoenix", "AZ"),
    ("Los Angeles", "CA"),
    ("San Francisco", "CA"),
    ("Boise", "ID"),
    ("Portland", "OR"),
    ("Bend", "OR"),
    ("Redmond", "WA"),
    ("Seattle", "WA"),
    ("Kent", "WA"),
    ("Cheyenne", "WY"),
];
/// The public queries know these four; half of the bids come through them.
const HOT_CHANNELS: &[&str] = &["Google", "Facebook", "Baidu", "Apple"];

/// One of the three streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    Person,
    Auction,
    Bid,
}

impl Stream {
    /// Where in a group of events this stream's begin, and how many they are.
    const fn place(self) -> (u64, u64) {
        match self {
            Self::Person => (0, 1),
            Self::Auction => (1, 3),
            Self::Bid => (4, 46),
        }
    }

    /// How many of the first `events` events are of this stream.
    fn rows_before(self, events: u64) -> u64 {
        let (first, share) = self.place();
        events / GROUP * share + (events % GROUP).saturating_sub(first).min(share)
    }

    /// The index of the event that is this stream's row number `row`.
    fn event(self, row: u64) -> u64 {
        let (first, share) = self.place();
        row / share * GROUP + first + row % share
    }

    /// The newest id of this stream before `event`.
    fn newest(self, event: u64) -> i64 {
        FIRST_ID + self.rows_before(event) as i64 - 1
    }
}

/// A run of events, of which the streams are the parts.
#[derive(Clone, Debug)]
pub(crate) struct Nexmark {
    pub(crate) seed: u64,
    /// How many events, of all three streams together.
    pub(crate) events: u64,
    /// The time of the first event, in microseconds since the Unix epoch.
    pub(crate) start: i64,
    /// Microseconds from an event to the next.
    pub(crate) step: i64,
}

impl Nexmark {
    /// Ten thousand events per second of event time, from 2025-01-01 on.
    pub(crate) fn new(seed: u64, events: u64) -> Self {
        Self {
            seed,
            events,
            start: 1_735_689_600_000_000,
            step: 100,
        }
    }

    pub(crate) fn rows(&self, stream: Stream) -> u64 {
        stream.rows_before(self.events)
    }

    /// The rows of `stream` in order, `size` to a batch but for the last.
    pub(crate) fn batches(
        &self,
        stream: Stream,
        size: usize,
    ) -> impl Iterator<Item = RecordBatch> + '_ {
        let rows = self.rows(stream);
        let batch = move |from| self.batch(stream, from..rows.min(from + size as u64));
        (0..rows).step_by(size).map(batch)
    }

    /// These rows of `stream`, by their number within it.
    fn batch(&self, stream: Stream, rows: Range<u64>) -> RecordBatch {
        let columns = match stream {
            Stream::Person => people(&rows.map(|row| self.person(row)).collect::<Vec<_>>()),
            Stream::Auction => auctions(&rows.map(|row| self.auction(row)).collect::<Vec<_>>()),
            Stream::Bid => bids(&rows.map(|row| self.bid(row)).collect::<Vec<_>>()),
        };
        let columns = columns
            .into_iter()
            .map(|(name, array)| (name, array, false));
        RecordBatch::try_from_iter_with_nullable(columns).expect("columns of one length")
    }

    fn time(&self, event: u64) -> i64 {
        self.start + event as i64 * self.step
    }

    /// Random numbers that belong to `event` alone.
    fn draw(&self, event: u64) -> ChaCha8Rng {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(event);
        rng
    }

    fn person(&self, row: u64) -> Person {
        let event = Stream::Person.event(row);
        let mut rng = self.draw(event);
        let (city, state) = pick(&mut rng, CITIES);
        let digits: [u32; 4] = std::array::from_fn(|_| rng.random_range(1000..10_000));
        Person {
            id: FIRST_ID + row as i64,
            name: format!(
                "{} {}",
                pick(&mut rng, FIRST_NAMES),
                pick(&mut rng, LAST_NAMES)
            ),
            email_address: format!("{}@{}.com", letters(&mut rng, 7), letters(&mut rng, 5)),
            credit_card: digits.map(|four| four.to_string()).join(" "),
            city,
            state,
            time: self.time(event),
            extra: extra(&mut rng, 100),
        }
    }

    fn auction(&self, row: u64) -> Auction {
        let event = Stream::Auction.event(row);
        let mut rng = self.draw(event);
        let time = self.time(event);
        // How long it takes until as many auctions have been opened as are open.
        let horizon = OPEN_AUCTIONS * self.step * GROUP as i64 / Stream::Auction.place().1 as i64;
        let (name_length, length) = (rng.random_range(3..20), rng.random_range(3..100));
        let initial_bid = amount(&mut rng);
        Auction {
            id: FIRST_ID + row as i64,
            item_name: letters(&mut rng, name_length),
            description: letters(&mut rng, length),
            initial_bid,
            reserve: initial_bid + amount(&mut rng),
            time,
            expires: time + rng.random_range(1..=horizon * 2),
            seller: somebody(&mut rng, event, 0),
            category: FIRST_CATEGORY + rng.random_range(0..CATEGORIES),
            extra: extra(&mut rng, 400),
        }
    }

    fn bid(&self, row: u64) -> Bid {
        let event = Stream::Bid.event(row);
        let mut rng = self.draw(event);
        let newest = Stream::Auction.newest(event);
        let folders: [String; 3] = std::array::from_fn(|_| letters(&mut rng, 5));
        let mut url = format!(
            "https://auction.example/{}/item.htm?query=1",
            folders.join("/")
        );
        let channel = if rng.random_ratio(1, 2) {
            (*pick(&mut rng, HOT_CHANNELS)).to_owned()
        } else {
            let channel = rng.random_range(0..CHANNELS);
            url += &format!("&channel_id={channel}");
            format!("channel-{channel}")
        };
        Bid {
            auction: hot_or_recent(&mut rng, newest, HOT_AUCTION_RATIO, 0, OPEN_AUCTIONS),
            // Not the person who sells most: the next one.
            bidder: somebody(&mut rng, event, 1),
            price: amount(&mut rng),
            channel,
            url,
            time: self.time(event),
            extra: extra(&mut rng, 60),
        }
    }
}

struct Person {
    id: i64,
    name: String,
    email_address: String,
    credit_card: String,
    city: &'static str,
    state: &'static str,
    time: i64,
    extra: String,
}

struct Auction {
    id: i64,
    item_name: String,
    description: String,
    initial_bid: i64,
    reserve: i64,
    time: i64,
    expires: i64,
    seller: i64,
    category: i64,
    extra: String,
}

struct Bid {
    auction: i64,
    bidder: i64,
    price: i64,
    channel: String,
    url: String,
    time: i64,
    extra: String,
}

/// A column with its name.
type Column = (&'static str, ArrayRef);

fn people(rows: &[Person]) -> Vec<Column> {
    vec![
        ("id", numbers(rows, |row| row.id)),
        ("name", texts(rows, |row| &row.name)),
        ("email_address", texts(rows, |row| &row.email_address)),
        ("credit_card", texts(rows, |row| &row.credit_card)),
        ("city", texts(rows, |row| row.city)),
        ("state", texts(rows, |row| row.state)),
        ("date_time", times(rows, |row| row.time)),
        ("extra", texts(rows, |row| &row.extra)),
    ]
}

fn auctions(rows: &[Auction]) -> Vec<Column> {
    vec![
        ("id", numbers(rows, |row| row.id)),
        ("item_name", texts(rows, |row| &row.item_name)),
        ("description", texts(rows, |row| &row.description)),
        ("initial_bid", numbers(rows, |row| row.initial_bid)),
        ("reserve", numbers(rows, |row| row.reserve)),
        ("date_time", times(rows, |row| row.time)),
        ("expires", times(rows, |row| row.expires)),
        ("seller", numbers(rows, |row| row.seller)),
        ("category", numbers(rows, |row| row.category)),
        ("extra", texts(rows, |row| &row.extra)),
    ]
}

fn bids(rows: &[Bid]) -> Vec<Column> {
    vec![
        ("auction", numbers(rows, |row| row.auction)),
        ("bidder", numbers(rows, |row| row.bidder)),
        ("price", numbers(rows, |row| row.price)),
        ("channel", texts(rows, |row| &row.channel)),
        ("url", texts(rows, |row| &row.url)),
        ("date_time", times(rows, |row| row.time)),
        ("extra", texts(rows, |row| &row.extra)),
    ]
}

fn numbers<R>(rows: &[R], of: impl Fn(&R) -> i64) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(rows.iter().map(of)))
}

fn times<R>(rows: &[R], of: impl Fn(&R) -> i64) -> ArrayRef {
    let times = TimestampMicrosecondArray::from_iter_values(rows.iter().map(of));
    Arc::new(times.with_timezone("UTC"))
}

fn texts<R>(rows: &[R], of: impl Fn(&R) -> &str) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(rows.iter().map(of)))
}

fn pick<'a, T>(rng: &mut ChaCha8Rng, from: &'a [T]) -> &'a T {
    &from[rng.random_range(0..from.len())]
}

fn letters(rng: &mut ChaCha8Rng, length: usize) -> String {
    let mut bytes = vec![0; length];
    rng.fill_bytes(&mut bytes);
    bytes
        .into_iter()
        .map(|byte| char::from(b'a' + byte % 26))
        .collect()
}

/// Padding, which gives rows the size of real ones: `average` letters, a fifth more or less.
fn extra(rng: &mut ChaCha8Rng, average: usize) -> String {
    let length = rng.random_range(average * 4 / 5..=average * 6 / 5);
    letters(rng, length)
}

/// An amount in cents, from 1 to 1,000,000 of the whole unit, each order of magnitude as likely.
fn amount(rng: &mut ChaCha8Rng) -> i64 {
    let magnitude = 100 * 10_i64.pow(rng.random_range(0..6));
    rng.random_range(magnitude..magnitude * 10)
}

/// Somebody who is there before `event`. The hot ones are `offset` after each hundredth.
fn somebody(rng: &mut ChaCha8Rng, event: u64, offset: i64) -> i64 {
    hot_or_recent(
        rng,
        Stream::Person.newest(event),
        HOT_PERSON_RATIO,
        offset,
        ACTIVE_PEOPLE,
    )
}

/// The hot id of the moment, but for one draw in `ratio`: then one of the `recent` newest.
fn hot_or_recent(rng: &mut ChaCha8Rng, newest: i64, ratio: u32, offset: i64, recent: i64) -> i64 {
    if rng.random_ratio(1, ratio) {
        return rng.random_range(FIRST_ID.max(newest - recent + 1)..=newest);
    }
    FIRST_ID.max((newest - offset) / HOT_EVERY * HOT_EVERY + offset)
}
