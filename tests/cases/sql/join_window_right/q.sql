SELECT b.window_end, a.id, b.bid
FROM (SELECT *, date_bin(INTERVAL '10 seconds', ts) + INTERVAL '10 seconds' AS window_end FROM orders) a
RIGHT JOIN (SELECT *, date_bin(INTERVAL '10 seconds', ts) + INTERVAL '10 seconds' AS window_end FROM quotes) b
  ON a.window_end = b.window_end AND a.side = b.side
