//! A rule of a pipeline: a plugin with parameters, streams, keyed state and an instance. It takes rows
//! in the order of their times, calls the guest, and gives alerts as rows. It knows no executor: the
//! runtime orders rows and drives it.
//!
//! What happens when a call fails is here, and nowhere else: the instance is thrown away and what the
//! call wrote is taken back; the call is tried once more in a fresh instance, unless it was in one and
//! used up its fuel; then its rows are
//! skipped, counted and logged. After some failures in a row the rule is paused, for a stretch of
//! event time, so that a replay pauses at the same place; after one that used up its fuel at once,
//! since its queue fills meanwhile and who writes to it has to wait.

mod change;

use std::borrow::Cow;
use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use serde_json::{Map, Value};
use zaraba_core::alert::ordinals::Ordinals;
use zaraba_core::batch::Batch;
use zaraba_core::error::{Error, Result};
use zaraba_core::snapshot::{Segment, Snapshot};
use zaraba_core::time::{EventTime, duration_text};

use crate::alerts::{self, Checked, Maker};
use crate::bind::{Bound, bind};
use crate::columns::batch;
use crate::failure::Failure;
use crate::instance::Instance;
use crate::meter::Meter;
use crate::params;
use crate::plugin::Plugin;
use crate::state::State;
use crate::ticks::Ticks;
use crate::world::{Level, Surroundings, World};

pub use crate::bind::Misfit;
pub use crate::params::BadParam;
pub use crate::rule::change::{Changes, may_follow};

/// Ticks of one call of [`Rule::advance`], so that a long quiet stretch does not hold up the rest.
const TICKS: usize = 4096;

/// Whether a plugin fits a stream of the pipeline; every column that does not.
///
/// # Errors
/// The columns.
pub fn check_stream(
    plugin: &Plugin,
    stream: usize,
    name: &str,
    has: &Schema,
) -> Result<(), Vec<Misfit>> {
    match plugin.manifest().streams.get(stream) {
        Some(wanted) => bind(wanted, name, has).map(|_| ()),
        None => Ok(()),
    }
}

/// The parameters with defaults put in.
///
/// # Errors
/// Every parameter that is wrong.
pub fn complete_params(
    plugin: &Plugin,
    given: &Map<String, Value>,
) -> Result<Map<String, Value>, Vec<BadParam>> {
    params::complete(given, &plugin.manifest().params)
}

/// A rule.
pub struct Rule {
    name: String,
    plugin: Plugin,
    params: String,
    inputs: Vec<Bound>,
    columns: SchemaRef,
    instance: Option<Instance>,
    /// Whether the instance has answered a call: a fresh one would go the same way once more.
    used: bool,
    /// Where the state is while there is no instance.
    world: Option<World>,
    ordinals: Ordinals,
    ticks: Option<Ticks>,
    failures: u32,
    /// Until when it is paused, and for how long it was paused last.
    paused: Option<(i64, i64)>,
    meter: Arc<Meter>,
    changes: Arc<Changes>,
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rule")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// What a call of the guest is made with.
#[derive(Clone, Copy)]
enum Call<'a> {
    Rows(usize, &'a Batch),
    Tick(i64),
}

impl Call<'_> {
    fn rows(&self) -> u64 {
        match self {
            Self::Rows(_, rows) => rows.len() as u64,
            Self::Tick(_) => 0,
        }
    }

    fn times(&self) -> &[i64] {
        match self {
            Self::Rows(_, rows) => &rows.time,
            Self::Tick(at) => std::slice::from_ref(at),
        }
    }
}

impl Rule {
    /// A rule of a name over streams (name and columns each), in the order of the manifest. The
    /// guest is started once, so that what it has against its parameters is known.
    ///
    /// # Errors
    /// The user's, when streams, parameters or the guest's start are wrong.
    pub fn new(
        name: &str,
        plugin: &Plugin,
        given: &Map<String, Value>,
        streams: &[(&str, &Schema)],
        around: Surroundings,
    ) -> Result<Self> {
        let manifest = plugin.manifest();
        if manifest.streams.len() != streams.len() {
            let (wants, has) = (manifest.streams.len(), streams.len());
            return Err(Error::user(format!(
                "the plugin reads {wants} streams, not {has}"
            )));
        }
        let all = |what: Vec<String>| Error::user(what.join("; "));
        let params = complete_params(plugin, given)
            .map_err(|wrong| all(wrong.into_iter().map(|bad| bad.what).collect()))?;
        let bound = manifest.streams.iter().zip(streams);
        let inputs = bound
            .map(|(wanted, (name, has))| bind(wanted, name, has))
            .collect::<Result<_, _>>()
            .map_err(|wrong| all(wrong.into_iter().map(|misfit| misfit.what).collect()))?;
        let world = World::new(around, manifest.tables.len());
        let mut rule = Self {
            name: name.to_owned(),
            columns: alerts::columns(manifest),
            ticks: manifest.timer.map(Ticks::new),
            plugin: plugin.clone(),
            params: Value::Object(params).to_string(),
            inputs,
            instance: None,
            used: false,
            world: Some(world),
            ordinals: Ordinals::default(),
            failures: 0,
            paused: None,
            meter: Arc::default(),
            changes: Arc::default(),
        };
        let started = rule.start();
        started.map_err(|failure| Error::user(format!("its `configure` failed: {failure}")))?;
        Ok(rule)
    }

    /// The columns of its stream.
    #[must_use]
    pub const fn columns(&self) -> &SchemaRef {
        &self.columns
    }

    /// What it counts.
    #[must_use]
    pub const fn meter(&self) -> &Arc<Meter> {
        &self.meter
    }

    /// Bytes of keyed state.
    #[must_use]
    pub fn state_bytes(&self) -> usize {
        usize::try_from(Meter::get(&self.meter.state_bytes)).unwrap_or(usize::MAX)
    }

    /// Bytes of memory of its instance; 0 while there is none.
    pub fn memory_bytes(&mut self) -> usize {
        let instance = self.instance.as_mut();
        instance.map_or(0, |instance| instance.world().memory)
    }

    /// Rows of a stream, in the order of their times, none older than what it saw before; alerts go
    /// to `out`, in the order of theirs.
    ///
    /// # Errors
    /// When an invariant is broken. A guest that fails is no error.
    pub fn process(&mut self, stream: usize, rows: &Batch, out: &mut Vec<Batch>) -> Result<()> {
        self.change();
        let (rows, without) = self.inputs[stream].wanted(rows)?;
        Meter::add(&self.meter.without_value, without as u64);
        let most = self.world_mut()?.around.limits.rows.max(1);
        let mut from = 0;
        while from < rows.len() {
            let mut here = (rows.len() - from).min(most);
            if let Some(ticks) = &mut self.ticks {
                ticks.see(rows.time[from]);
                if let Some(at) = ticks.before(EventTime(rows.time[from])) {
                    ticks.fired();
                    self.call(Call::Tick(at), out)?;
                    continue;
                }
                here = ticks.rows_before(&rows.time[from..from + here]);
            }
            let whole = here == rows.len();
            let part = match whole {
                true => Cow::Borrowed(rows.as_ref()),
                false => Cow::Owned(rows.slice(from, here)),
            };
            self.call(Call::Rows(stream, &part), out)?;
            from += here;
        }
        Ok(())
    }

    /// No row before `watermark` follows: ticks before it are due. Whether there are more of them
    /// than were run (call it again).
    ///
    /// # Errors
    /// As [`Rule::process`].
    pub fn advance(&mut self, watermark: EventTime, out: &mut Vec<Batch>) -> Result<bool> {
        self.change();
        for _ in 0..TICKS {
            let Some(at) = self
                .ticks
                .as_ref()
                .and_then(|ticks| ticks.before(watermark))
            else {
                return Ok(false);
            };
            if let Some(ticks) = &mut self.ticks {
                ticks.fired();
            }
            self.call(Call::Tick(at), out)?;
        }
        Ok(true)
    }

    /// The inputs ended: the first tick at or after the last row is run.
    ///
    /// # Errors
    /// As [`Rule::process`].
    pub fn end(&mut self, last: EventTime, out: &mut Vec<Batch>) -> Result<()> {
        while self.advance(last, out)? {}
        if let Some(at) = self.ticks.as_ref().and_then(Ticks::next) {
            self.call(Call::Tick(at), out)?;
        }
        Ok(())
    }

    /// Goes on with a fresh instance: nothing but keyed state survives.
    pub fn replace(&mut self) {
        if let Some(instance) = self.instance.take() {
            self.world = Some(instance.into_world());
        }
    }

    /// Its state at a barrier.
    ///
    /// # Errors
    /// When state cannot be put into columns: a broken invariant.
    pub fn snapshot(&mut self) -> Result<Snapshot> {
        let mut snapshot = Snapshot::default();
        let state = self.world_mut()?.state.rows()?;
        snapshot.push("state", Vec::new(), vec![Segment::new(state)]);
        let (numbers, rows) = self.ordinals.rows()?;
        snapshot.push("ordinals", numbers, vec![Segment::new(rows)]);
        let next = self.ticks.as_ref().and_then(Ticks::next);
        snapshot.push("tick", next.into_iter().collect(), Vec::new());
        let mut trouble = vec![i64::from(self.failures)];
        trouble.extend(
            self.paused
                .into_iter()
                .flat_map(|(until, length)| [until, length]),
        );
        snapshot.push("trouble", trouble, Vec::new());
        Ok(snapshot)
    }

    /// Takes state back.
    ///
    /// # Errors
    /// When the snapshot is not a rule's.
    pub fn restore(&mut self, snapshot: &Snapshot) -> Result<()> {
        let rows = |name: &str| {
            let segments = &snapshot.part(name)?.segments;
            let wrong = || Error::internal(format!("a part `{name}` without rows"));
            segments
                .first()
                .map(|segment| &segment.rows)
                .ok_or_else(wrong)
        };
        let state = State::from_rows(rows("state")?)?;
        Meter::add(&self.meter.state_bytes, state.bytes() as u64);
        self.world_mut()?.state = state;
        let numbers = &snapshot.part("ordinals")?.numbers;
        self.ordinals = Ordinals::from_rows(numbers, rows("ordinals")?)?;
        if let Some(ticks) = &mut self.ticks {
            ticks.restore(snapshot.part("tick")?.numbers.first().copied());
        }
        let trouble = &snapshot.part("trouble")?.numbers;
        let failures = trouble.first().and_then(|n| u32::try_from(*n).ok());
        self.failures = failures.unwrap_or(0);
        self.paused = trouble.get(1).copied().zip(trouble.get(2).copied());
        Ok(())
    }

    fn world_mut(&mut self) -> Result<&mut World> {
        let world = match &mut self.instance {
            Some(instance) => Some(instance.world()),
            None => self.world.as_mut(),
        };
        world.ok_or_else(|| Error::internal("a rule without a world"))
    }

    /// One call of the guest, tried twice; its alerts.
    fn call(&mut self, call: Call<'_>, out: &mut Vec<Batch>) -> Result<()> {
        let first = call.times().first().copied().unwrap_or_default();
        if self.paused.is_some_and(|(until, _)| first < until) {
            Meter::add(&self.meter.skipped, call.rows());
            return Ok(());
        }
        self.world_mut()?.state.forget(first);
        let fresh = self.instance.is_none() || !self.used;
        let answer = match self.attempt(call)? {
            Ok(checked) => Ok(checked),
            Err(failure) if fresh && failure.is_slow() => Err(failure),
            Err(failure) => {
                self.say(
                    Level::Warn,
                    &format!("a call failed and is tried again: {failure}"),
                )?;
                self.attempt(call)?
            }
        };
        match answer {
            Ok(checked) => {
                (self.failures, self.paused) = (0, None);
                Meter::add(&self.meter.rows, call.rows());
                self.emit(&checked, call.times(), out)
            }
            Err(failure) => self.failed(call, &failure),
        }
    }

    /// Tries a call; whatever it wrote stands or is taken back.
    fn attempt(&mut self, call: Call<'_>) -> Result<Result<Checked, Failure>> {
        if let Err(failure) = self.start() {
            return Ok(Err(failure));
        }
        let Some(mut instance) = self.instance.take() else {
            return Err(Error::internal("a rule that started without an instance"));
        };
        let (answer, used) = match call {
            Call::Rows(stream, rows) => {
                let columns = self.inputs[stream].columns(rows)?;
                let columns = columns.params();
                instance.evaluate(stream as u32, batch(&rows.time, &columns))
            }
            Call::Tick(at) => instance.tick(at),
        };
        let most = instance.world().around.limits.alerts;
        let manifest = self.plugin.manifest();
        let answer =
            answer.and_then(|alerts| alerts::check(manifest, most, call.times().len(), alerts));
        let meter = &self.meter;
        Meter::add(&meter.calls, 1);
        Meter::add(&meter.busy_ns, used.nanos);
        let world = instance.world();
        Meter::add(&meter.log_dropped, world.log_dropped);
        if world.log_dropped > 0 {
            let (bytes, most) = (world.log_dropped, world.around.limits.log);
            let text = format!("{bytes} bytes of its lines were dropped; a call may write {most}");
            world.around.log.line(Level::Warn, &text);
        }
        match &answer {
            Ok(_) => {
                Meter::add(&meter.fuel, used.fuel);
                world.state.commit();
                let bytes = world.state.bytes() as u64;
                meter
                    .state_bytes
                    .store(bytes, std::sync::atomic::Ordering::Relaxed);
                self.instance = Some(instance);
                self.used = true;
            }
            Err(_) => {
                Meter::add(&meter.failures, 1);
                world.state.rollback();
                self.world = Some(instance.into_world());
            }
        }
        Ok(answer)
    }

    /// Makes sure that there is an instance.
    fn start(&mut self) -> Result<(), Failure> {
        if self.instance.is_some() {
            return Ok(());
        }
        let Some(world) = self.world.take() else {
            return Err(Failure::Trap("a rule without a world".into()));
        };
        Meter::add(&self.meter.instances, 1);
        match Instance::new(self.plugin.host(), self.plugin.pre(), world) {
            Err((failure, world)) => {
                self.world = Some(*world);
                Err(failure)
            }
            Ok(mut instance) => match instance.configure(&self.params) {
                Ok(()) => {
                    self.instance = Some(instance);
                    self.used = false;
                    Ok(())
                }
                Err(failure) => {
                    self.world = Some(instance.into_world());
                    Err(failure)
                }
            },
        }
    }

    /// A call failed twice: its rows are skipped, and after some of that the rule is paused.
    fn failed(&mut self, call: Call<'_>, failure: &Failure) -> Result<()> {
        Meter::add(&self.meter.skipped, call.rows());
        self.failures += 1;
        let last = call.times().last().copied().unwrap_or_default();
        let limits = self.world_mut()?.around.limits.clone();
        let what = match call {
            Call::Rows(..) => format!("{} rows up to {} skipped", call.rows(), EventTime(last)),
            Call::Tick(at) => format!("the tick of {} skipped", EventTime(at)),
        };
        if self.failures < limits.failures && !failure.is_slow() {
            return self.say(Level::Error, &format!("{what}: {failure}"));
        }
        let before = self.paused.map_or(0, |(_, length)| length);
        let length = before
            .saturating_mul(2)
            .clamp(limits.pause, limits.pause_max.max(limits.pause));
        self.paused = Some((last.saturating_add(length), length));
        Meter::add(&self.meter.pauses, 1);
        let pause = duration_text(length);
        let text = format!("{what}, and paused for {pause} of event time: {failure}");
        self.say(Level::Error, &text)
    }

    fn say(&mut self, level: Level, text: &str) -> Result<()> {
        self.world_mut()?.around.log.line(level, text);
        Ok(())
    }

    fn emit(&mut self, checked: &Checked, times: &[i64], out: &mut Vec<Batch>) -> Result<()> {
        if checked.is_empty() {
            return Ok(());
        }
        let mut maker = Maker {
            rule: &self.name,
            manifest: self.plugin.manifest(),
            columns: &self.columns,
            ordinals: &mut self.ordinals,
        };
        let mut trouble = None;
        let rows = maker.rows(checked, times, |what| trouble = Some(what))?;
        Meter::add(&self.meter.alerts, rows.len() as u64);
        out.push(rows);
        match trouble {
            Some(what) => self.say(Level::Warn, &format!("a message cannot be written: {what}")),
            None => Ok(()),
        }
    }
}
