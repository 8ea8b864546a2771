SELECT date_bin(INTERVAL '1 minute', ts) AS window_start, date_bin(INTERVAL '1 minute', ts) + INTERVAL '1 minute' AS window_end, sum(CASE WHEN side = 'C' THEN oi ELSE -oi END) AS net, count(CASE WHEN price > 100 THEN 1 END) AS dear
FROM ticks
GROUP BY date_bin(INTERVAL '1 minute', ts)
