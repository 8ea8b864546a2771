SELECT a.ts, a.id, b.bid, b.ts AS quoted
FROM orders a LEFT JOIN quotes b
  ON a.side = b.side AND b.ts >= a.ts - INTERVAL '5 seconds' AND b.ts < a.ts + INTERVAL '1 day' AND b.lot > 1
