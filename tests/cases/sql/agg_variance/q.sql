SELECT date_bin(INTERVAL '1 minute', ts) AS window_start, date_bin(INTERVAL '1 minute', ts) + INTERVAL '1 minute' AS window_end, side, var_pop(oi) AS vp, stddev_pop(oi) AS sp, var_samp(oi) AS vs, stddev(oi) AS s
FROM ticks
GROUP BY date_bin(INTERVAL '1 minute', ts), side
