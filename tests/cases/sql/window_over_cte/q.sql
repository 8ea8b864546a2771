SELECT date_bin(INTERVAL '1 minute', ts) + INTERVAL '1 minute' AS window_end, sum(oi) AS oi FROM ticks WHERE side = 'C' GROUP BY date_bin(INTERVAL '1 minute', ts)
