// A price that jumps from one row of a symbol to its next, and a symbol that falls silent.
import { column, rule, state } from './zaraba.js';

const SECOND = 1_000_000n;

const manifest = {
  name: 'step',
  version: '0.1.0',
  description: 'A price jumps, or a symbol falls silent',
  streams: [{
    name: 'prices',
    fields: [
      column('symbol', 'text', { description: 'What is traded' }),
      column('price', 'float64', { description: 'Its price' }),
      column('volume', 'int64', { nullable: true, description: 'How much of it, if known' }),
      column('venue', 'text', { optional: true, description: 'Where' }),
    ],
  }],
  outputs: [
    column('volume', 'int64', { nullable: true, description: 'Volume of the row' }),
    column('venue', 'text', { nullable: true, description: 'Where' }),
  ],
  params: {
    jump_pct: { type: 'number', minimum: 0, default: 5, description: 'From what change on, percent' },
    volume_min: { type: 'integer', minimum: 0, default: 0, description: 'The least volume, where it is known' },
    silent_s: { type: 'integer', minimum: 1, default: 300, description: 'Seconds without a row' },
  },
  timer: 60n * SECOND,
  messages: [
    { code: 'step_up', language: 'en', title: "{{ symbol }} {{ '%+.1f' | format(value) }}%", body: '' },
    { code: 'step_down', language: 'en', title: "{{ symbol }} {{ '%+.1f' | format(value) }}%", body: '' },
    { code: 'silent', language: 'en', title: '{{ symbol }} is silent', body: '' },
  ],
};

function* prices(row, params) {
  // What is no price is compared with nothing.
  if (!(row.price > 0 && row.price < Infinity)) return;
  const before = state.get(row.symbol, row.time);
  // A row remembers its price for an hour.
  const seen = { price: row.price, time: String(row.time) };
  state.set(row.symbol, seen, row.time + 3600n * SECOND);
  if (before === undefined) return;
  const pct = (row.price / before.price - 1) * 100;
  const thin = row.volume !== null && row.volume < BigInt(params.volume_min);
  if (thin || Math.abs(pct) < params.jump_pct) return;
  yield {
    kind: 'step',
    key: row.symbol,
    severity: Math.abs(pct) >= 2 * params.jump_pct ? 'high' : 'watch',
    code: pct > 0 ? 'step_up' : 'step_down',
    args: { symbol: row.symbol },
    value: pct,
    threshold: params.jump_pct,
    unit: '%',
    baseline: before.price,
    baselineTime: BigInt(before.time),
    evidence: [{ name: 'price', value: row.price, time: row.time }],
    fields: { volume: row.volume, venue: row.venue },
  };
}

function* silence(at, params) {
  for (const [symbol, seen] of state.scan('', at)) {
    if (at - BigInt(seen.time) < BigInt(params.silent_s) * SECOND) continue;
    state.delete(symbol);
    yield { kind: 'silent', key: symbol, severity: 'info', code: 'silent', args: { symbol } };
  }
}

export const { describe, configure, evaluate, tick } = rule(manifest, { evaluate: prices, tick: silence });
