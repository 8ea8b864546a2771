SELECT at, n, lag(n) OVER (PARTITION BY side ORDER BY at, n) AS before
FROM (SELECT ts AS at, n, side FROM ticks WHERE n > 2)
