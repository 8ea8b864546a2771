SELECT date_bin(INTERVAL '1 minute', ts) + INTERVAL '1 minute' AS window_end, count(*) AS n FROM ticks WHERE price > 50 AND side <> 'X' GROUP BY date_bin(INTERVAL '1 minute', ts)
