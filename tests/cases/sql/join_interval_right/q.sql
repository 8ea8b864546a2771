SELECT b.ts, a.id, b.bid
FROM orders a RIGHT JOIN quotes b
  ON a.side = b.side AND b.ts BETWEEN a.ts - INTERVAL '5 seconds' AND a.ts + INTERVAL '10 seconds'
