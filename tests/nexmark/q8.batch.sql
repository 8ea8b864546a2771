SELECT DISTINCT p.id, p.name, date_bin(INTERVAL '10 seconds', p.date_time) AS window_start,
       date_bin(INTERVAL '10 seconds', p.date_time) + INTERVAL '10 seconds' AS window_end
FROM person AS p JOIN auction AS a
  ON p.id = a.seller
  AND date_bin(INTERVAL '10 seconds', p.date_time) = date_bin(INTERVAL '10 seconds', a.date_time)
