SELECT window_start, window_start + length AS window_end, count(*) AS n, sum(oi) AS oi
FROM (SELECT *, date_bin(INTERVAL '3 minutes', ts) AS window_start FROM ticks) AS t
JOIN (VALUES (INTERVAL '1 minute'), (INTERVAL '2 minutes'), (INTERVAL '3 minutes')) AS steps(length)
  ON ts < window_start + length
GROUP BY window_start, length
