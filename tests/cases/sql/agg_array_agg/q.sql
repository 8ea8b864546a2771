SELECT date_bin(INTERVAL '1 minute', ts) AS window_start, date_bin(INTERVAL '1 minute', ts) + INTERVAL '1 minute' AS window_end, array_agg(price ORDER BY ts) AS in_time, array_agg(price ORDER BY price DESC) AS down, array_agg(oi ORDER BY side DESC, oi) AS sided
FROM ticks
GROUP BY date_bin(INTERVAL '1 minute', ts)
