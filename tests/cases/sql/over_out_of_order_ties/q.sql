SELECT ts, n, lag(n) OVER (ORDER BY ts, n) AS before, n AS same
FROM ticks
