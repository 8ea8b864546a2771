SELECT ts, n, side, price, price / before - 1 AS move
FROM (SELECT *, lag(price) OVER (PARTITION BY side ORDER BY ts, n) AS before FROM ticks WHERE price < 1000)
WHERE abs(price / before - 1) > 0.02
