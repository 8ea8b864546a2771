SELECT newest - back AS window_start, newest - back + INTERVAL '1 minute' AS window_end,
       count(*) AS n, sum(oi) AS oi
FROM (SELECT *, date_bin(INTERVAL '30 seconds', ts) AS newest FROM ticks) AS t
CROSS JOIN (VALUES (INTERVAL '0 seconds'), (INTERVAL '30 seconds')) AS starts(back)
GROUP BY newest - back
