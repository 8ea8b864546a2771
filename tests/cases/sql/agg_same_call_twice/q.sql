SELECT date_bin(INTERVAL '1 minute', ts) AS window_start, date_bin(INTERVAL '1 minute', ts) + INTERVAL '1 minute' AS window_end, side, count(*) AS n, count(*) AS again, sum(oi) AS s, sum(oi) + 1 AS more
FROM ticks
GROUP BY date_bin(INTERVAL '1 minute', ts), side
