SELECT date_bin(INTERVAL '1 minute', ts) + INTERVAL '1 minute' AS window_end, side, sum(oi) AS oi FROM ticks GROUP BY date_bin(INTERVAL '1 minute', ts), side HAVING sum(oi) > 6 AND count(*) > 1
