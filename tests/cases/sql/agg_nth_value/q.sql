SELECT date_bin(INTERVAL '1 minute', ts) AS window_start, date_bin(INTERVAL '1 minute', ts) + INTERVAL '1 minute' AS window_end, nth_value(price, 2 ORDER BY ts) AS second, nth_value(price, 9 ORDER BY ts) AS ninth
FROM ticks
GROUP BY date_bin(INTERVAL '1 minute', ts)
