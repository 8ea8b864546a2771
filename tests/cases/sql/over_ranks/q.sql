SELECT ts, n, side, row_number() OVER (PARTITION BY side ORDER BY ts, n) AS place, rank() OVER (PARTITION BY side ORDER BY ts) AS r, dense_rank() OVER (PARTITION BY side ORDER BY ts) AS d
FROM ticks
