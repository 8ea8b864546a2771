// The rule in Node, with test/engine.js for the engine: `npm test`.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { configure, evaluate, tick } from '../rule.js';
import { forget } from './engine.js';

const SECOND = 1_000_000n;
const PARAMS = { jump_pct: 5, volume_min: 0, silent_s: 300 };

/** Rows as the engine hands them over: whole columns; texts end to end. */
function batch(rows) {
  const words = rows.map((row) => Buffer.from(row.symbol));
  const offsets = words.reduce((all, word) => [...all, all.at(-1) + word.length], [0]);
  const known = rows.map((row) => row.volume !== null);
  const valid = Uint8Array.from({ length: Math.ceil(rows.length / 8) }, (_, byte) =>
    known.slice(8 * byte, 8 * byte + 8).reduce((bits, is, i) => bits | (is << i), 0));
  return {
    time: BigInt64Array.from(rows, (row) => row.at * SECOND),
    columns: [
      { values: { tag: 'text', val: { offsets: Uint32Array.from(offsets), bytes: Buffer.concat(words) } } },
      { values: { tag: 'float64', val: Float64Array.from(rows, (row) => row.price) } },
      { values: { tag: 'int64', val: BigInt64Array.from(rows, (row) => row.volume ?? 0n) }, valid },
      { values: { tag: 'absent' } },
    ],
  };
}

const prices = [
  { at: 0n, symbol: '7203', price: 100, volume: 10n },
  { at: 1n, symbol: '日経', price: 50, volume: 10n },
  { at: 2n, symbol: '7203', price: 106, volume: null },
  { at: 3n, symbol: '7203', price: 106.5, volume: 10n },
  { at: 4n, symbol: '日経', price: 44, volume: 1n },
];

beforeEach(forget);

test('a jump is told and a small move is not', () => {
  configure(JSON.stringify(PARAMS));
  const found = evaluate(0, batch(prices)).map((alert) => [alert.row, alert.key, alert.code]);
  assert.deepEqual(found, [[2, '7203', 'step_up'], [4, '日経', 'step_down']]);
});

test('thin rows are not told, but those whose volume is not known', () => {
  configure(JSON.stringify({ ...PARAMS, volume_min: 5 }));
  assert.deepEqual(evaluate(0, batch(prices)).map((alert) => alert.row), [2]);
});

test('calls do not matter', () => {
  configure(JSON.stringify(PARAMS));
  const whole = evaluate(0, batch(prices));
  forget();
  const apart = prices.flatMap((row, i) => evaluate(0, batch([row])).map((alert) => ({ ...alert, row: i })));
  assert.deepEqual(apart, whole);
});

test('who is silent is told once', () => {
  configure(JSON.stringify(PARAMS));
  evaluate(0, batch(prices));
  assert.deepEqual(tick(300n * SECOND).map((alert) => alert.key), []);
  assert.deepEqual(tick(360n * SECOND).map((alert) => alert.key), ['7203', '日経']);
  assert.deepEqual(tick(420n * SECOND), []);
});
