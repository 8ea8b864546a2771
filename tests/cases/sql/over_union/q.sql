SELECT ts, side, n, count(*) OVER (PARTITION BY side ORDER BY ts, abs(n), n DESC ROWS BETWEEN 3 PRECEDING AND CURRENT ROW) AS seen, lag(n) OVER (PARTITION BY side ORDER BY ts, abs(n), n DESC) AS before
FROM (SELECT ts, side, n FROM ticks UNION ALL SELECT ts, 'C' AS side, -n AS n FROM ticks WHERE volume > 4)
