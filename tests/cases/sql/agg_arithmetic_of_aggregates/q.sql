SELECT date_bin(INTERVAL '1 minute', ts) AS window_start, date_bin(INTERVAL '1 minute', ts) + INTERVAL '1 minute' AS window_end, side, max(price) - min(price) AS range, sum(price * oi) / sum(oi) AS vwap, count(*) * 100 AS n
FROM ticks
GROUP BY date_bin(INTERVAL '1 minute', ts), side
