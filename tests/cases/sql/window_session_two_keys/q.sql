SELECT window_start, window_end, side, price, n, oi FROM (WITH marked AS (
  SELECT *, CASE WHEN ts::bigint - lag(ts::bigint) OVER (PARTITION BY side, price ORDER BY ts) < 30000000 THEN 0 ELSE 1 END AS first FROM ticks
), numbered AS (
  SELECT *, sum(first) OVER (PARTITION BY side, price ORDER BY ts ROWS UNBOUNDED PRECEDING) AS number FROM marked
)
SELECT side, price, count(*) AS n, sum(oi) AS oi, min(ts) AS window_start, max(ts) + INTERVAL '30000000 microseconds' AS window_end FROM numbered GROUP BY side, price, number) AS sessions
