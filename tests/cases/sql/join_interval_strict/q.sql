SELECT a.ts, a.id, b.bid, b.ts AS quoted
FROM orders a JOIN quotes b
  ON a.side = b.side AND b.ts > a.ts AND b.ts - INTERVAL '10 seconds' < a.ts
