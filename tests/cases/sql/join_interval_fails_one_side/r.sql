SELECT b.ts, b.id, a.lot FROM quotes a RIGHT JOIN orders b
  ON b.ts BETWEEN a.ts - INTERVAL '5 seconds' AND a.ts + INTERVAL '5 seconds' AND 10 / nullif(a.lot, 0) > 4
WHERE NOT EXISTS (SELECT 1 FROM quotes z WHERE z.lot = 0 AND b.ts BETWEEN z.ts - INTERVAL '5 seconds' AND z.ts + INTERVAL '5 seconds')
