SELECT ts, date_bin(INTERVAL '1 minute', ts) + INTERVAL '1 minute' AS window_end, side, n, row_number() OVER (PARTITION BY date_bin(INTERVAL '1 minute', ts), side ORDER BY volume DESC NULLS LAST, ts, n) AS place, lag(n) OVER (PARTITION BY side ORDER BY ts, n) AS before
FROM ticks
