SELECT a.ts, a.id, b.bid, b.ts AS quoted
FROM orders a, quotes b
WHERE a.ts >= b.ts AND a.ts <= b.ts + INTERVAL '3 seconds'
