SELECT window_end, side, volume, volume - lag(volume) OVER (PARTITION BY side ORDER BY window_end) AS more, row_number() OVER (PARTITION BY window_end ORDER BY volume) AS place
FROM (SELECT date_bin(INTERVAL '1 minute', ts) + INTERVAL '1 minute' AS window_end, side, sum(volume) AS volume FROM ticks GROUP BY date_bin(INTERVAL '1 minute', ts), side)
