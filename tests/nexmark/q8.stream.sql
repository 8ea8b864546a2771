WITH p AS (
  SELECT window_start, window_end, id, name
  FROM TUMBLE(person, date_time, INTERVAL '10 seconds')
  GROUP BY window_start, window_end, id, name
), a AS (
  SELECT window_start, window_end, seller
  FROM TUMBLE(auction, date_time, INTERVAL '10 seconds')
  GROUP BY window_start, window_end, seller
)
SELECT p.id, p.name, p.window_start, p.window_end
FROM p JOIN a
  ON p.id = a.seller AND p.window_start = a.window_start AND p.window_end = a.window_end
