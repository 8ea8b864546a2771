SELECT date_bin(INTERVAL '1 minute', ts) AS window_start, date_bin(INTERVAL '1 minute', ts) + INTERVAL '1 minute' AS window_end, side, min(price) AS low, max(price) AS high, sum(price) AS s, count(price) AS n
FROM ticks
GROUP BY date_bin(INTERVAL '1 minute', ts), side
