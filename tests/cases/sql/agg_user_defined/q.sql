SELECT date_bin(INTERVAL '1 minute', ts) AS window_start, date_bin(INTERVAL '1 minute', ts) + INTERVAL '1 minute' AS window_end, side, weighted_mean(price, oi::double) AS vwap, weighted_mean(price, oi::double) FILTER (WHERE oi > 4) AS large
FROM ticks
GROUP BY date_bin(INTERVAL '1 minute', ts), side
