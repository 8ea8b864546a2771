SELECT date_bin(INTERVAL '1 minute', ts) AS window_start,
       date_bin(INTERVAL '1 minute', ts) + INTERVAL '1 minute' AS window_end,
       count(*) AS n, sum(oi) AS oi
FROM ticks
GROUP BY date_bin(INTERVAL '1 minute', ts)
