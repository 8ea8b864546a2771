SELECT ts, n, side, lag(price) OVER (PARTITION BY side ORDER BY ts, n) AS before, lag(n, 2, -1) OVER (PARTITION BY side ORDER BY ts, n) AS second, lag(volume, 0) OVER (PARTITION BY side ORDER BY ts, n) AS same
FROM ticks
