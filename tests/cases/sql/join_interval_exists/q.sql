SELECT a.ts, a.id, a.side
FROM orders a
WHERE a.id > 1 AND EXISTS (SELECT 1 FROM quotes b WHERE b.side = a.side AND b.ts BETWEEN a.ts - INTERVAL '5 seconds' AND a.ts + INTERVAL '10 seconds' AND b.lot > 1)
