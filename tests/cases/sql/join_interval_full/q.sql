SELECT a.ts, a.id, b.ts AS quoted, b.bid
FROM orders a FULL JOIN quotes b
  ON a.side = b.side AND b.ts BETWEEN a.ts - INTERVAL '5 seconds' AND a.ts + INTERVAL '10 seconds'
