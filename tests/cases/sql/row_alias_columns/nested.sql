SELECT date_bin(INTERVAL '1 minute', ts) + INTERVAL '1 minute' AS e, sum(oi) AS oi FROM ticks GROUP BY date_bin(INTERVAL '1 minute', ts)
