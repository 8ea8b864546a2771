SELECT ts, n, side, sum(volume) OVER ( ORDER BY ts, n ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS total, lag(n) OVER ( ORDER BY ts, n) AS before
FROM ticks
