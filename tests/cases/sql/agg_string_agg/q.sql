SELECT date_bin(INTERVAL '1 minute', ts) AS window_start, date_bin(INTERVAL '1 minute', ts) + INTERVAL '1 minute' AS window_end, string_agg(side, ',' ORDER BY ts) AS sides, string_agg(side, '' ORDER BY price DESC) FILTER (WHERE oi > 2) AS dear
FROM ticks
GROUP BY date_bin(INTERVAL '1 minute', ts)
