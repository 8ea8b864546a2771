SELECT date_bin(INTERVAL '1 minute', ts) AS window_start, date_bin(INTERVAL '1 minute', ts) + INTERVAL '1 minute' AS window_end, side, bool_and(oi > 2) AS every_one, bool_or(oi > 6) AS any_one, bit_and(oi) AS a, bit_or(oi) AS o, bit_xor(oi) AS x
FROM ticks
GROUP BY date_bin(INTERVAL '1 minute', ts), side
