//! One client, without its socket: which topics it has, where it is in each, what it is told next
//! and how it is answered. `connection` moves the messages.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use smallvec::SmallVec;
use zaraba_core::error::Result;
use zaraba_core::time::EventTime;

use crate::websocket::hub::Hub;
use crate::websocket::log::{Kind, Next, Place, Step};
use crate::websocket::protocol::{self, Op, Resume};
use crate::websocket::topic;
use crate::websocket::voice::Voice;
use crate::websocket::wire::Message;

/// Names that there are not, of which a client is told one by one: an answer must not be much
/// longer than what was asked.
const UNKNOWN_TOLD: usize = 10;

/// What a client asks for in the URL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wish {
    /// `topics=a,b`; none: all.
    pub(crate) topics: Option<Vec<String>>,
    /// The subprotocol, and `int64=string`.
    pub(crate) voice: Voice,
}

/// What there is for a client that waits for news.
#[derive(Debug)]
pub(crate) enum Ready {
    /// A message.
    Message(Message),
    /// Nothing new.
    Nothing,
    /// Something that takes longer: see [`Session::next`].
    Other,
}

/// The watermark that some client was told last: the others mostly are where it is.
#[derive(Debug, Default)]
pub(crate) struct Told(Option<(Vec<(usize, EventTime)>, Message)>);

/// One client.
#[derive(Debug)]
pub(crate) struct Session {
    hub: Arc<Hub>,
    voice: Voice,
    /// Topics, by their place in the hub, in the order asked. A few stand in the session itself:
    /// where a client is, is looked at for every message.
    places: SmallVec<[(usize, Place); 2]>,
    /// Which of them is looked at first, so that a busy topic does not starve the others.
    turn: usize,
}

impl Session {
    /// A client with its wish, and what it is told at once.
    pub(crate) fn new(hub: Arc<Hub>, wish: &Wish) -> (Self, Vec<Message>) {
        let mut session = Self {
            hub,
            voice: wish.voice,
            places: SmallVec::new(),
            turn: 0,
        };
        let (found, unknown) = session.find(wish.topics.as_deref());
        session.places = found
            .into_iter()
            .map(|topic| (topic, Place::START))
            .collect();
        let described: Vec<usize> = session.places.iter().map(|(topic, _)| *topic).collect();
        let hello = protocol::hello(
            &session.hub.pipeline,
            &session.hub.stream_id,
            &session.descriptions(&described),
            wish.voice,
            session.hub.zone,
        );
        let mut messages = vec![Message::text(&hello)];
        messages.extend(unknown);
        (session, messages)
    }

    /// The next message of any topic, in turn; none: nothing new.
    pub(crate) fn next(&mut self) -> Result<Option<Message>> {
        let n = self.places.len();
        for i in (0..n).map(|i| (self.turn + i) % n) {
            let (topic, place) = &mut self.places[i];
            let topic = &self.hub.topics[*topic];
            // The lock is held for the step alone; the text is made without it.
            let step = topic.log().step(place);
            let Some(step) = step else { continue };
            self.turn = (i + 1) % n;
            let counter = match &step {
                Step::Gap { .. } => Some(&self.hub.traffic.gaps),
                Step::Frame(frame) if frame.kind == Kind::Conflated => {
                    Some(&self.hub.traffic.conflated)
                }
                Step::Frame(_) => None,
            };
            if let Some(counter) = counter {
                counter.fetch_add(1, Ordering::Relaxed);
            }
            return topic.message(&step, self.voice).map(Some);
        }
        Ok(None)
    }

    /// The same for a client that is not behind: nothing that costs more than to look.
    pub(crate) fn ready(&mut self) -> Result<Ready> {
        let n = self.places.len();
        for i in (0..n).map(|i| (self.turn + i) % n) {
            let (topic, place) = &mut self.places[i];
            let topic = &self.hub.topics[*topic];
            let next = topic.log().next(place);
            match next {
                Next::Nothing => {}
                Next::Other => return Ok(Ready::Other),
                Next::Frame(frame) => {
                    self.turn = (i + 1) % n;
                    return topic.rows(&frame, self.voice).map(Ready::Message);
                }
            }
        }
        Ok(Ready::Nothing)
    }

    /// How far the client's topics are, as far as it was sent their rows.
    pub(crate) fn watermark(&self, told: &mut Told) -> Message {
        let places = self.places.iter().map(|(topic, p)| (*topic, p.watermark));
        if let Some((known, message)) = &told.0
            && places.clone().eq(known.iter().copied())
        {
            return message.clone();
        }
        let topic = |(topic, time): (usize, _)| (self.hub.topics[topic].name.as_str(), time);
        let topics: Vec<_> = places.clone().map(topic).collect();
        let stale = self.places.iter().filter(|(t, _)| self.hub.stale.of(*t));
        let stale: Vec<&str> = stale
            .map(|(t, _)| self.hub.topics[*t].name.as_str())
            .collect();
        let message = Message::text(&protocol::watermark(&topics, &stale, self.hub.zone));
        told.0 = Some((places.collect(), message.clone()));
        message
    }

    /// Answers what the client sent.
    pub(crate) fn answer(&mut self, text: &str) -> Vec<Message> {
        match protocol::parse(text) {
            Ok(Op::Ping) => vec![Message::text(&protocol::pong())],
            Ok(Op::Subscribe { topics, resume }) => {
                self.subscribe(topics.as_deref(), resume.as_ref())
            }
            Ok(Op::Unsubscribe { topics }) => self.unsubscribe(topics.as_deref()),
            Err(message) => vec![Message::text(&protocol::error(&message))],
        }
    }

    fn subscribe(&mut self, names: Option<&[String]>, resume: Option<&Resume>) -> Vec<Message> {
        let (found, mut answers) = self.find(names);
        for topic in &found {
            let place = self.start(*topic, resume);
            match self.places.iter_mut().find(|(known, _)| known == topic) {
                Some((_, known)) => *known = place,
                None => self.places.push((*topic, place)),
            }
        }
        answers.insert(
            0,
            Message::text(&protocol::subscribed(&self.descriptions(&found))),
        );
        answers
    }

    /// Where a subscription begins: behind what the client has already, if that is known here.
    fn start(&self, topic: usize, resume: Option<&Resume>) -> Place {
        let topic = &self.hub.topics[topic];
        let resume = resume.filter(|r| r.stream_id == self.hub.stream_id);
        let seen = resume.and_then(|r| r.seq.iter().find(|(name, _)| *name == topic.name));
        seen.and_then(|(_, seq)| topic.log().resume(*seq))
            .unwrap_or(Place::START)
    }

    fn unsubscribe(&mut self, names: Option<&[String]>) -> Vec<Message> {
        let (found, mut answers) = self.find(names);
        self.places.retain(|(topic, _)| !found.contains(topic));
        self.turn = 0;
        let names: Vec<&str> = found
            .iter()
            .map(|t| self.hub.topics[*t].name.as_str())
            .collect();
        answers.insert(0, Message::text(&protocol::unsubscribed(&names)));
        answers
    }

    /// Topics by name (none named: all), and an error for each that there is not.
    fn find(&self, names: Option<&[String]>) -> (Vec<usize>, Vec<Message>) {
        let topics = &self.hub.topics;
        let Some(names) = names else {
            return ((0..topics.len()).collect(), Vec::new());
        };
        let (found, unknown) = topic::find(topics, names.iter().map(String::as_str));
        let all = || topics.iter().map(|t| t.name.as_str());
        let told = unknown.iter().take(UNKNOWN_TOLD);
        let told = told.map(|name| Message::text(&protocol::no_topic(name, all())));
        let more = unknown.len().saturating_sub(UNKNOWN_TOLD);
        let more = (more > 0).then(|| Message::text(&protocol::more_unknown(more)));
        (found, told.chain(more).collect())
    }

    fn descriptions(&self, topics: &[usize]) -> Vec<&str> {
        topics
            .iter()
            .map(|t| self.hub.topics[*t].description.as_str())
            .collect()
    }
}

#[cfg(test)]
mod tests;
