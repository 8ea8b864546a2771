//! WASI's stubs: the clock is the call's, randomness begins anew with each instance, handles are given
//! and lead nowhere, and what is lent to a stub is given back, or the guest's call would fail.

use wasmtime::Store;
use wasmtime::component::{Component, Linker};

use super::*;
use crate::wasi;
use crate::world::World;

const ASKS: &str = r#"(component
    (import "wasi:io/streams@0.2.3" (instance $s
        (export "output-stream" (type $stream (sub resource)))
        (export "[method]output-stream.check-write" (func
            (param "self" (borrow $stream)) (result (result u64))))
        (export "[method]output-stream.lend" (func (param "self" (borrow $stream))))))
    (alias export $s "output-stream" (type $stream))
    (import "wasi:cli/stdout@0.2.3" (instance $o
        (alias outer 1 $stream (type $stream))
        (export "output-stream" (type $same (eq $stream)))
        (export "get-stdout" (func (result (own $same))))))
    (import "wasi:random/random@0.2.3" (instance $r
        (export "get-random-u64" (func (result u64)))))
    (import "wasi:clocks/monotonic-clock@0.2.3" (instance $c
        (export "now" (func (result u64)))))
    (core func $random (canon lower (func $r "get-random-u64")))
    (core func $now (canon lower (func $c "now")))
    (core func $stdout (canon lower (func $o "get-stdout")))
    (core func $lend (canon lower (func $s "[method]output-stream.lend")))
    (core module $m
        (import "" "random" (func $random (result i64)))
        (import "" "now" (func $now (result i64)))
        (import "" "stdout" (func $stdout (result i32)))
        (import "" "lend" (func $lend (param i32)))
        (func (export "random") (result i64) call $random)
        (func (export "now") (result i64) call $now)
        (func (export "stdout") (result i32) (local $handle i32)
            (call $lend (local.tee $handle (call $stdout)))
            (local.get $handle)))
    (core instance $i (instantiate $m (with "" (instance
        (export "random" (func $random))
        (export "now" (func $now))
        (export "stdout" (func $stdout))
        (export "lend" (func $lend))))))
    (func (export "random") (result u64) (canon lift (core func $i "random")))
    (func (export "now") (result u64) (canon lift (core func $i "now")))
    (func (export "stdout") (result u32) (canon lift (core func $i "stdout"))))"#;

/// Two random numbers, the time, and a handle, of a fresh instance in a call at second 7.
fn asked() -> [u64; 4] {
    let component = Component::new(HOST.engine(), wat::parse_str(ASKS).unwrap()).unwrap();
    let mut linker = Linker::new(HOST.engine());
    wasi::add(&mut linker, &component).unwrap();
    let mut world = World::new(around(&Lines::default(), Limits::default()), 0);
    world.begin(Some((0, 7_000_000)), 1_000_000);
    let mut store = Store::new(HOST.engine(), world);
    store.set_fuel(1_000_000).unwrap();
    store.set_epoch_deadline(1_000_000);
    let instance = linker.instantiate(&mut store, &component).unwrap();
    let mut ask = |name: &str| {
        let function = instance
            .get_typed_func::<(), (u64,)>(&mut store, name)
            .unwrap();
        function.call(&mut store, ()).unwrap().0
    };
    let found = [ask("random"), ask("random"), ask("now")];
    let stdout = instance
        .get_typed_func::<(), (u32,)>(&mut store, "stdout")
        .unwrap();
    let handle = stdout.call(&mut store, ()).unwrap().0;
    [found[0], found[1], found[2], handle.into()]
}

#[test]
fn stubs_give_the_same_nothing_every_time() {
    let [first, second, now, handle] = asked();
    assert_ne!(first, second);
    assert_eq!(now, 7_000_000_000, "nanoseconds of the call's last row");
    assert_ne!(handle, 0);
    assert_eq!(asked(), [first, second, now, handle]);
}
