SELECT date_bin(INTERVAL '1 minute', ts) AS window_start, date_bin(INTERVAL '1 minute', ts) + INTERVAL '1 minute' AS window_end, count(*) FILTER (WHERE side = 'P') AS puts, sum(oi) FILTER (WHERE side = 'C') AS calls, first_value(price ORDER BY ts) FILTER (WHERE oi > 3) AS open, max(price) FILTER (WHERE false) AS never
FROM ticks
GROUP BY date_bin(INTERVAL '1 minute', ts)
