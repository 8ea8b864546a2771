// The engine's keyed state, in a map, for the tests.
const entries = new Map();
const name = (key) => Buffer.from(key).toString('hex');

const living = (entry, at) => entry && (entry.expires === undefined || at < entry.expires);

export const forget = () => entries.clear();

export function get(key, at) {
  const entry = entries.get(name(key));
  return living(entry, at) ? entry.value : undefined;
}

export function set(key, value, expires) {
  entries.set(name(key), { key, value, expires });
}

export { remove as delete };
function remove(key) {
  entries.delete(name(key));
}

export function scan(prefix, after, limit, at) {
  const names = [...entries.keys()].sort();
  const wanted = (n) => n.startsWith(name(prefix)) && (after === undefined || n > name(after));
  return names.filter((n) => wanted(n) && living(entries.get(n), at)).slice(0, limit).map((n) => entries.get(n));
}
