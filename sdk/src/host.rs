//! The contract's imports. In wasm they are the engine's; natively a small stand-in on this thread,
//! which [`crate::harness`] fills and reads.

#[cfg(target_arch = "wasm32")]
mod imported {
    pub(crate) use crate::bindings::zaraba::rules::calendar;
    use crate::bindings::zaraba::rules::{log, state, tables};
    use crate::bindings::{Batch, zaraba::rules::types::Value};

    pub(crate) fn log(level: log::Level, text: &str) {
        log::write(level, text);
    }

    pub(crate) fn state_get(key: &[u8], at: i64) -> Option<Vec<u8>> {
        state::get(key, at)
    }

    pub(crate) fn state_set(key: &[u8], value: &[u8], expires: Option<i64>) {
        state::set(key, value, expires);
    }

    pub(crate) fn state_delete(key: &[u8]) {
        state::delete(key);
    }

    pub(crate) fn state_scan(
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: u32,
        at: i64,
    ) -> Vec<(Vec<u8>, Vec<u8>)> {
        let found = state::scan(prefix, after, limit, at);
        found.into_iter().map(|e| (e.key, e.value)).collect()
    }

    pub(crate) fn lookup(table: u32, key: &[Value], at: i64) -> Option<Vec<Value>> {
        tables::lookup(table, key, at)
    }

    pub(crate) fn scan(table: u32, prefix: &[Value], at: i64) -> Batch {
        tables::scan(table, prefix, at)
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod imported {
    use crate::bindings::zaraba::rules::log::Level;
    use crate::bindings::{Batch, zaraba::rules::types::Value};
    pub(crate) use crate::harness::calendar;
    use crate::harness::{Entry, with_world};

    pub(crate) fn log(level: Level, text: &str) {
        with_world(|world| world.log.push((level, text.to_owned())));
    }

    fn lives(entry: &Entry, at: i64) -> bool {
        entry.expires.is_none_or(|expires| at < expires)
    }

    pub(crate) fn state_get(key: &[u8], at: i64) -> Option<Vec<u8>> {
        with_world(|world| {
            world.check_time(at);
            let entry = world.state.get(key).filter(|entry| lives(entry, at))?;
            Some(entry.value.clone())
        })
    }

    pub(crate) fn state_set(key: &[u8], value: &[u8], expires: Option<i64>) {
        let value = value.to_vec();
        with_world(|world| world.write(key, Some(Entry { value, expires })));
    }

    pub(crate) fn state_delete(key: &[u8]) {
        with_world(|world| world.write(key, None));
    }

    pub(crate) fn state_scan(
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: u32,
        at: i64,
    ) -> Vec<(Vec<u8>, Vec<u8>)> {
        with_world(|world| {
            world.check_time(at);
            let entries = world.state.range(prefix.to_vec()..);
            entries
                .take_while(|(key, _)| key.starts_with(prefix))
                .filter(|(_, entry)| lives(entry, at))
                .filter(|(key, _)| after.is_none_or(|after| key.as_slice() > after))
                .take(limit as usize)
                .map(|(key, entry)| (key.clone(), entry.value.clone()))
                .collect()
        })
    }

    pub(crate) fn lookup(table: u32, key: &[Value], at: i64) -> Option<Vec<Value>> {
        with_world(|world| {
            let rows = world.tables.get(&table)?.iter();
            let newest = rows.filter(|row| row.key == key && row.time <= at);
            newest
                .max_by_key(|row| row.time)
                .map(|row| row.values.clone())
        })
    }

    pub(crate) fn scan(table: u32, prefix: &[Value], at: i64) -> Batch {
        with_world(|world| world.scan(table, prefix, at))
    }
}

pub(crate) use imported::{
    calendar, log, lookup, scan, state_delete, state_get, state_scan, state_set,
};
