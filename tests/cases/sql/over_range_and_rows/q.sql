SELECT ts, n, side, sum(volume) OVER (PARTITION BY side ORDER BY ts RANGE BETWEEN INTERVAL '30 seconds' PRECEDING AND CURRENT ROW) AS in_time, sum(volume) OVER (PARTITION BY side ORDER BY ts, n ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS in_rows, lag(n) OVER (PARTITION BY side ORDER BY ts, n) AS before, row_number() OVER (PARTITION BY side ORDER BY ts, n) AS place
FROM ticks
