SELECT date_bin(INTERVAL '2 minutes', ts) + INTERVAL '2 minutes' AS window_end, count(*) AS n FROM ticks WHERE side = 'C' AND price > 99.5 GROUP BY date_bin(INTERVAL '2 minutes', ts)
