SELECT a.ts, a.id, b.bid, b.ts AS quoted
FROM orders a LEFT JOIN quotes b
  ON a.side = b.side AND b.ts BETWEEN a.ts - INTERVAL '5 seconds' AND a.ts + INTERVAL '10 seconds'
