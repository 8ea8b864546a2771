SELECT date_bin(INTERVAL '1 minute', ts) AS window_start, date_bin(INTERVAL '1 minute', ts) + INTERVAL '1 minute' AS window_end, side, count(oi) AS n, sum(oi) AS s, avg(price) AS m, max(price) AS high, first_value(oi ORDER BY ts) AS f
FROM ticks
GROUP BY date_bin(INTERVAL '1 minute', ts), side
