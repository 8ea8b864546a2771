SELECT date_bin(INTERVAL '1 minute', ts) AS window_start, date_bin(INTERVAL '1 minute', ts) + INTERVAL '1 minute' AS window_end, count(DISTINCT side) AS sides, sum(DISTINCT oi) AS s, array_agg(DISTINCT side ORDER BY side) AS which
FROM ticks
GROUP BY date_bin(INTERVAL '1 minute', ts)
