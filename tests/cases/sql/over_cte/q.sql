WITH moves AS (SELECT ts, side, n, price - lag(price) OVER (PARTITION BY side ORDER BY ts, n) AS move FROM ticks WHERE price < 1000)
SELECT ts, side, n, move, sum(move) OVER (PARTITION BY side ORDER BY ts, n ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS two
FROM moves WHERE move IS NOT NULL
