WITH known AS (
  SELECT n, volume - CASE WHEN volume >= lag(volume) OVER w THEN lag(volume) OVER w ELSE 0 END AS grown, lag(volume) OVER w IS NULL AS first
  FROM ticks WHERE volume IS NOT NULL
  WINDOW w AS (PARTITION BY side ORDER BY ts, n)
)
SELECT ts, ticks.n, side, volume, CASE WHEN NOT first THEN grown END AS traded
FROM ticks LEFT JOIN known ON ticks.n = known.n
