SELECT date_bin(INTERVAL '1 minute', ts) AS window_start, date_bin(INTERVAL '1 minute', ts) + INTERVAL '1 minute' AS window_end, side, sum(volume) AS volume, rank() OVER (PARTITION BY date_bin(INTERVAL '1 minute', ts) ORDER BY sum(volume) DESC NULLS LAST) AS place
FROM ticks GROUP BY date_bin(INTERVAL '1 minute', ts), side
