SELECT a.ts, a.id, b.bid, c.id AS other
FROM orders a
JOIN quotes b ON a.side = b.side AND b.ts BETWEEN a.ts - INTERVAL '5 seconds' AND a.ts + INTERVAL '5 seconds'
JOIN orders c ON c.ts BETWEEN a.ts AND a.ts + INTERVAL '2 seconds' AND c.id <> a.id
