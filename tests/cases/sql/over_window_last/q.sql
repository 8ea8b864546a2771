SELECT date_bin(INTERVAL '1 minute', ts) AS window_start, date_bin(INTERVAL '1 minute', ts) + INTERVAL '1 minute' AS window_end, side, n, price
FROM (SELECT *, row_number() OVER (PARTITION BY date_bin(INTERVAL '1 minute', ts), side ORDER BY ts DESC, n DESC) AS place FROM ticks)
WHERE place = 1
