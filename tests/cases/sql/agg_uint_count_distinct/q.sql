SELECT date_bin(INTERVAL '1 minute', ts) AS window_start, date_bin(INTERVAL '1 minute', ts) + INTERVAL '1 minute' AS window_end, side, count(DISTINCT oi) AS n, count(DISTINCT price) AS p
FROM ticks
GROUP BY date_bin(INTERVAL '1 minute', ts), side
