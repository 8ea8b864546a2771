SELECT a.window_end, a.id
FROM (SELECT *, date_bin(INTERVAL '10 seconds', ts) + INTERVAL '10 seconds' AS window_end FROM orders) a
LEFT ANTI JOIN (SELECT *, date_bin(INTERVAL '10 seconds', ts) + INTERVAL '10 seconds' AS window_end FROM quotes) b
  ON a.window_end = b.window_end AND (b.lot = 0 OR 10 / nullif(b.lot, 0) > 4)
