SELECT date_bin(INTERVAL '1 minute', ts) AS window_start, date_bin(INTERVAL '1 minute', ts) + INTERVAL '1 minute' AS window_end, side, first_value(oi ORDER BY ts) AS first, last_value(oi ORDER BY ts) AS last, first_value(oi ORDER BY ts) IGNORE NULLS AS first_known, last_value(oi ORDER BY ts) IGNORE NULLS AS last_known
FROM ticks
GROUP BY date_bin(INTERVAL '1 minute', ts), side
