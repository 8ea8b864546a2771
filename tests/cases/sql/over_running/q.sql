SELECT ts, n, side, sum(volume) OVER (PARTITION BY side ORDER BY ts) AS total, count(*) OVER (PARTITION BY side ORDER BY ts) AS rows, min(volume) OVER (PARTITION BY side ORDER BY ts) AS least, last_value(side) OVER (PARTITION BY side ORDER BY ts) AS last
FROM ticks
