SELECT date_bin(INTERVAL '1 minute', ts) + INTERVAL '1 minute' AS window_end, sum(CASE side WHEN 'C' THEN oi ELSE -oi END) AS net, count(*) AS n FROM ticks GROUP BY date_bin(INTERVAL '1 minute', ts)
