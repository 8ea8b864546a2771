SELECT a.ts, a.id FROM orders a LEFT ANTI JOIN quotes b
  ON b.ts BETWEEN a.ts - INTERVAL '5 seconds' AND a.ts + INTERVAL '5 seconds' AND (b.lot = 0 OR 10 / nullif(b.lot, 0) > 4)
