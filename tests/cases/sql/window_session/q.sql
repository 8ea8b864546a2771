WITH marked AS (
  SELECT *, CASE WHEN ts < lag(ts) OVER (PARTITION BY side ORDER BY ts) + INTERVAL '30 seconds'
                 THEN 0 ELSE 1 END AS first
  FROM ticks
), numbered AS (
  SELECT *, sum(first) OVER (PARTITION BY side ORDER BY ts ROWS UNBOUNDED PRECEDING) AS number
  FROM marked
)
SELECT min(ts) AS window_start, max(ts) + INTERVAL '30 seconds' AS window_end, side,
       count(*) AS n, sum(oi) AS oi
FROM numbered
GROUP BY side, number
