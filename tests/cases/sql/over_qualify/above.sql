SELECT ts, price FROM (SELECT *, lag(price) OVER (PARTITION BY side ORDER BY ts) AS b FROM ticks) WHERE price > b
