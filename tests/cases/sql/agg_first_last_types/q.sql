SELECT date_bin(INTERVAL '1 minute', ts) AS window_start, date_bin(INTERVAL '1 minute', ts) + INTERVAL '1 minute' AS window_end, side, first_value(day ORDER BY ts) AS d, last_value(name ORDER BY ts) AS n, last_value(open ORDER BY ts) AS o, first_value(cost ORDER BY ts) AS c, last_value(ts ORDER BY ts) AS t
FROM ticks
GROUP BY date_bin(INTERVAL '1 minute', ts), side
