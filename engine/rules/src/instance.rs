//! One instance of a plugin: its store, and calls into it that end, whatever the guest does.

use wasmtime::{Store, Trap, UpdateDeadline};
use zaraba_core::clock::Stopwatch;

use crate::bindings::{Alert, Batch, Rule, RulePre};
use crate::failure::{Allowed, Failure};
use crate::host::{Host, TICK};
use crate::world::World;

/// An instance. When a call fails it must be thrown away; its world lives on.
pub(crate) struct Instance {
    store: Store<World>,
    rule: Rule,
}

/// What a call used.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Used {
    pub(crate) fuel: u64,
    pub(crate) nanos: u64,
}

impl Instance {
    /// A fresh instance in a world; the world comes back if there is none.
    pub(crate) fn new(
        host: &Host,
        pre: &RulePre<World>,
        mut world: World,
    ) -> Result<Self, (Failure, Box<World>)> {
        world.renew();
        let limits = world.around.limits.clone();
        let fuel = limits.fuel_to_start;
        world.begin(None, fuel);
        let mut store = Store::new(host.engine(), world);
        store.limiter(|world| world);
        store.epoch_deadline_callback(|mut store| match store.data_mut().time_left() {
            Some(left) => Ok(UpdateDeadline::Continue(ticks(left))),
            None => Err(Trap::Interrupt.into()),
        });
        store.set_hostcall_fuel(limits.output);
        let deadline = limits.deadline.saturating_mul(10);
        let started = store
            .set_fuel(fuel)
            .map(|()| {
                let half = store.data_mut().begin_deadline(deadline);
                store.set_epoch_deadline(ticks(half));
            })
            .and_then(|()| pre.instantiate(&mut store));
        match started {
            Ok(rule) => Ok(Self { store, rule }),
            Err(error) => {
                let refused = store.data().refused;
                let allowed = Allowed {
                    fuel,
                    deadline,
                    output: limits.output,
                };
                let failure = Failure::of(&error, allowed, refused);
                Err((failure, Box::new(store.into_data())))
            }
        }
    }

    /// `describe`.
    pub(crate) fn describe(&mut self) -> Result<crate::bindings::Manifest, Failure> {
        let fuel = self.store.data().around.limits.fuel_to_start;
        let (answer, _) = self.call(None, fuel, 10, |rule, store| rule.call_describe(store));
        answer
    }

    /// `configure`.
    pub(crate) fn configure(&mut self, params: &str) -> Result<(), Failure> {
        let fuel = self.store.data().around.limits.fuel_to_start;
        let (answer, _) = self.call(None, fuel, 10, |rule, store| {
            rule.call_configure(store, params)
        });
        answer?.map_err(Failure::Rule)
    }

    /// `evaluate`, with rows of these times.
    pub(crate) fn evaluate(
        &mut self,
        stream: u32,
        rows: Batch<'_>,
    ) -> (Result<Vec<Alert>, Failure>, Used) {
        let limits = &self.store.data().around.limits;
        let more = limits.fuel_per_row.saturating_mul(rows.time.len() as u64);
        let fuel = limits.fuel.saturating_add(more);
        let times = rows.time.first().copied().zip(rows.time.last().copied());
        let (answer, used) = self.call(times, fuel, 1, |rule, store| {
            rule.call_evaluate(store, stream, rows)
        });
        (
            answer.and_then(|alerts| alerts.map_err(Failure::Rule)),
            used,
        )
    }

    /// `tick`.
    pub(crate) fn tick(&mut self, at: i64) -> (Result<Vec<Alert>, Failure>, Used) {
        // A tick may look at every key that there is.
        let fuel = self.store.data().around.limits.fuel;
        let fuel = fuel.saturating_mul(4).min(u64::MAX / 2);
        let (answer, used) = self.call(Some((at, at)), fuel, 1, |rule, store| {
            rule.call_tick(store, at)
        });
        (
            answer.and_then(|alerts| alerts.map_err(Failure::Rule)),
            used,
        )
    }

    fn call<T>(
        &mut self,
        times: Option<(i64, i64)>,
        fuel: u64,
        patience: u32,
        work: impl FnOnce(&Rule, &mut Store<World>) -> wasmtime::Result<T>,
    ) -> (Result<T, Failure>, Used) {
        let deadline = self
            .store
            .data()
            .around
            .limits
            .deadline
            .saturating_mul(patience);
        self.store.data_mut().begin(times, fuel);
        let half = self.store.data_mut().begin_deadline(deadline);
        self.store.set_epoch_deadline(ticks(half));
        let watch = Stopwatch::start();
        let answer = self
            .store
            .set_fuel(fuel)
            .and_then(|()| work(&self.rule, &mut self.store));
        let nanos = u64::try_from(watch.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let left = self.store.get_fuel().unwrap_or(0);
        let used = Used {
            fuel: fuel - left.min(fuel),
            nanos,
        };
        let refused = self.store.data().refused;
        let allowed = Allowed {
            fuel,
            deadline,
            output: self.store.data().around.limits.output,
        };
        let answer = answer.map_err(|error| Failure::of(&error, allowed, refused));
        (answer, used)
    }

    /// Its world.
    pub(crate) fn world(&mut self) -> &mut World {
        self.store.data_mut()
    }

    /// Throws the instance away.
    pub(crate) fn into_world(self) -> World {
        self.store.into_data()
    }
}

/// A deadline in ticks of the epoch: never less than was promised.
fn ticks(deadline: std::time::Duration) -> u64 {
    let ticks = deadline.as_nanos().div_ceil(TICK.as_nanos()) + 1;
    u64::try_from(ticks).unwrap_or(u64::MAX / 2)
}
