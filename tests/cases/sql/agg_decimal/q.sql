SELECT date_bin(INTERVAL '1 minute', ts) AS window_start, date_bin(INTERVAL '1 minute', ts) + INTERVAL '1 minute' AS window_end, side, sum(cost) AS total, avg(cost) AS mean, min(cost) AS low, sum(cost * 2) AS twice
FROM ticks
GROUP BY date_bin(INTERVAL '1 minute', ts), side
