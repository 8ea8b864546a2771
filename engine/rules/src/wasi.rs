//! Components from JavaScript or Python import WASI, whether they use it or not. They get stubs that
//! give nothing: the clock shows the time of the call's last row, randomness comes from a seed that
//! each instance begins anew, there are no files, no arguments and no environment. What is written to
//! standard output or standard error goes to the rule's log, like the lines of `log`: that is where
//! these languages say why they fail. The network is refused at load: a rule that could use it would
//! be no rule.

use wasmtime::StoreContextMut;
use wasmtime::component::types::{ComponentFunc, ComponentItem, Type};
use wasmtime::component::{Component, Linker, LinkerInstance, Resource, ResourceType, Val};
use zaraba_core::error::{Error, Result};

use crate::world::World;

/// Interfaces that a component may not even import.
const REFUSED: [(&str, &str); 3] = [
    (
        "wasi:sockets",
        "the network, which a replay could not repeat (componentize-py leaves it out if asked to \
         `--stub-wasi`)",
    ),
    ("wasi:http", "the network, which a replay could not repeat"),
    ("wasi:keyvalue", "a store of its own beside the keyed state"),
];

/// What writes to a stream; there are no others than standard output and standard error.
const WRITES: [&str; 2] = [
    "wasi:io/streams.[method]output-stream.write",
    "wasi:io/streams.[method]output-stream.blocking-write-and-flush",
];

/// Whatever handle a stub gives.
struct Nothing;

/// Stubs for what a component imports beside the contract.
///
/// # Errors
/// The user's, when it imports what rules are not given.
pub(crate) fn add(linker: &mut Linker<World>, component: &Component) -> Result<()> {
    let engine = linker.engine().clone();
    let of = component.component_type();
    for (name, item) in of.imports(&engine) {
        if name.starts_with("zaraba:rules/") {
            continue;
        }
        if let Some((_, what)) = REFUSED.iter().find(|(prefix, _)| name.starts_with(prefix)) {
            return Err(Error::user(format!(
                "it imports `{name}`: rules are not given {what}"
            )));
        }
        let ComponentItem::ComponentInstance(instance) = item.ty else {
            return Err(unknown(name));
        };
        if !name.starts_with("wasi:") {
            return Err(unknown(name));
        }
        let broken = |error: wasmtime::Error| Error::user(format!("`{name}`: {error:#}"));
        let mut stubs = linker.instance(name).map_err(broken)?;
        for (member, item) in instance.exports(&engine) {
            stub(&mut stubs, name, member, &item.ty).map_err(broken)?;
        }
    }
    Ok(())
}

fn unknown(name: &str) -> Error {
    Error::user(format!(
        "it imports `{name}`; rules are given log, state, tables and calendar of zaraba:rules@0.1.0"
    ))
}

fn stub(
    stubs: &mut LinkerInstance<'_, World>,
    interface: &str,
    member: &str,
    of: &ComponentItem,
) -> wasmtime::Result<()> {
    match of {
        ComponentItem::ComponentFunc(_) => {
            let place = format!(
                "{}.{member}",
                interface.split('@').next().unwrap_or_default()
            );
            stubs.func_new(member, move |mut store, of, args, results| {
                answer(&mut store, &place, &of, args, results)?;
                give_back(store, args)
            })
        }
        ComponentItem::Resource(_) => {
            stubs.resource(member, ResourceType::host::<Nothing>(), |_, _| Ok(()))
        }
        _ => Ok(()),
    }
}

/// Ends what was lent for the call: a handle that is kept would fail the guest's call.
fn give_back(mut store: StoreContextMut<'_, World>, args: &[Val]) -> wasmtime::Result<()> {
    for arg in args {
        if let Val::Resource(handle) = arg {
            handle.resource_drop(&mut store)?;
        }
    }
    Ok(())
}

/// What a stub answers: time and randomness where they are asked for, else the emptiest value of the
/// result's type.
fn answer(
    store: &mut StoreContextMut<'_, World>,
    place: &str,
    of: &ComponentFunc,
    args: &[Val],
    results: &mut [Val],
) -> wasmtime::Result<()> {
    store.data_mut().charge(0)?;
    if place == "wasi:cli/exit.exit" {
        return Err(wasmtime::Error::msg("it asked to exit"));
    }
    if WRITES.contains(&place)
        && let Some(Val::List(bytes)) = args.get(1)
    {
        let byte = |value: &Val| match value {
            Val::U8(byte) => *byte,
            _ => b'?',
        };
        store.data_mut().charge(bytes.len())?;
        store.data_mut().written(bytes.iter().map(byte));
    }
    let micros = store.data().times.map_or(0, |(_, last)| last);
    for (result, of) in results.iter_mut().zip(of.results()) {
        *result = match (place, &of) {
            ("wasi:clocks/monotonic-clock.now", _) => {
                Val::U64(u64::try_from(micros).unwrap_or(0).saturating_mul(1000))
            }
            ("wasi:clocks/wall-clock.now", Type::Record(_)) => Val::Record(vec![
                (
                    "seconds".into(),
                    Val::U64(u64::try_from(micros / 1_000_000).unwrap_or(0)),
                ),
                (
                    "nanoseconds".into(),
                    Val::U32(u32::try_from(micros.rem_euclid(1_000_000) * 1000).unwrap_or(0)),
                ),
            ]),
            (place, Type::U64) if place.starts_with("wasi:random/") => {
                Val::U64(store.data_mut().random.next())
            }
            (place, Type::List(_)) if place.starts_with("wasi:random/") => bytes(store, args)?,
            (place, Type::Tuple(_)) if place.starts_with("wasi:random/") => {
                let random = &mut store.data_mut().random;
                Val::Tuple(vec![Val::U64(random.next()), Val::U64(random.next())])
            }
            // As much as it likes may be written: it goes nowhere.
            ("wasi:io/streams.[method]output-stream.check-write", Type::Result(_)) => {
                Val::Result(Ok(Some(Box::new(Val::U64(4096)))))
            }
            (_, of) => empty(store, of)?,
        };
    }
    Ok(())
}

fn bytes(store: &mut StoreContextMut<'_, World>, args: &[Val]) -> wasmtime::Result<Val> {
    let n = match args.first() {
        Some(Val::U64(n)) => usize::try_from(*n).unwrap_or(usize::MAX),
        _ => 0,
    };
    store.data_mut().charge(n)?;
    let random = &mut store.data_mut().random;
    Ok(Val::List(
        (0..n).map(|_| Val::U8(random.next() as u8)).collect(),
    ))
}

/// The emptiest value of a type: nothing, 0, no entries; a result is well, unless what it would hold
/// is a handle.
fn empty(store: &mut StoreContextMut<'_, World>, of: &Type) -> wasmtime::Result<Val> {
    Ok(match of {
        Type::Bool => Val::Bool(false),
        Type::S8 => Val::S8(0),
        Type::U8 => Val::U8(0),
        Type::S16 => Val::S16(0),
        Type::U16 => Val::U16(0),
        Type::S32 => Val::S32(0),
        Type::U32 => Val::U32(0),
        Type::S64 => Val::S64(0),
        Type::U64 => Val::U64(0),
        Type::Float32 => Val::Float32(0.0),
        Type::Float64 => Val::Float64(0.0),
        Type::Char => Val::Char(' '),
        Type::String => Val::String(String::new()),
        Type::List(_) => Val::List(Vec::new()),
        Type::Option(_) => Val::Option(None),
        Type::Flags(_) => Val::Flags(Vec::new()),
        Type::Record(record) => {
            let fields = record
                .fields()
                .map(|field| Ok((field.name.to_owned(), empty(store, &field.ty)?)));
            Val::Record(fields.collect::<wasmtime::Result<_>>()?)
        }
        Type::Tuple(tuple) => {
            let types = tuple.types().map(|of| empty(store, &of));
            Val::Tuple(types.collect::<wasmtime::Result<_>>()?)
        }
        Type::Enum(of) => Val::Enum(of.names().next().unwrap_or_default().to_owned()),
        Type::Variant(of) => {
            let mut cases = of.cases();
            let Some(case) = cases.next() else {
                return Err(wasmtime::Error::msg("a variant without cases"));
            };
            let held = case.ty.as_ref().map(|of| empty(store, of)).transpose()?;
            Val::Variant(case.name.to_owned(), held.map(Box::new))
        }
        Type::Result(of) => {
            let filled = |of: Option<Type>, store: &mut StoreContextMut<'_, World>| {
                let held = of.map(|of| empty(store, &of)).transpose()?;
                Ok::<_, wasmtime::Error>(held.map(Box::new))
            };
            match of.ok() {
                Some(Type::Own(_)) => Val::Result(Err(filled(of.err(), store)?)),
                ok => Val::Result(Ok(filled(ok, store)?)),
            }
        }
        Type::Own(_) => {
            let handle = Resource::<Nothing>::new_own(0);
            Val::Resource(handle.try_into_resource_any(store)?)
        }
        _ => {
            return Err(wasmtime::Error::msg(
                "a stub of WASI was asked for something it has not",
            ));
        }
    })
}
