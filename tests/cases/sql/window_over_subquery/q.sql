SELECT date_bin(INTERVAL '1 minute', ts) + INTERVAL '1 minute' AS window_end, sum(oi * 2) AS oi FROM ticks WHERE side = 'P' GROUP BY date_bin(INTERVAL '1 minute', ts)
