-- A row with a pair on which the condition fails is not there.
SELECT a.ts, a.id, b.lot FROM orders a LEFT JOIN quotes b
  ON b.ts BETWEEN a.ts - INTERVAL '5 seconds' AND a.ts + INTERVAL '5 seconds' AND 10 / nullif(b.lot, 0) > 4
WHERE NOT EXISTS (SELECT 1 FROM quotes z WHERE z.lot = 0 AND z.ts BETWEEN a.ts - INTERVAL '5 seconds' AND a.ts + INTERVAL '5 seconds')
