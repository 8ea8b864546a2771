SELECT a.window_end, a.id, b.lot
FROM (SELECT *, date_bin(INTERVAL '10 seconds', ts) + INTERVAL '10 seconds' AS window_end FROM orders) a
LEFT JOIN (SELECT *, date_bin(INTERVAL '10 seconds', ts) + INTERVAL '10 seconds' AS window_end FROM quotes) b
  ON a.window_end = b.window_end AND 10 / nullif(b.lot, 0) > 4
WHERE NOT EXISTS (SELECT 1 FROM (SELECT *, date_bin(INTERVAL '10 seconds', ts) + INTERVAL '10 seconds' AS window_end FROM quotes) z
  WHERE z.lot = 0 AND z.window_end = a.window_end)
