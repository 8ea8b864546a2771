WITH bars AS (
  SELECT date_bin(INTERVAL '20 seconds', ts) + INTERVAL '20 seconds' AS window_end, side, sum(volume) AS volume FROM ticks GROUP BY date_bin(INTERVAL '20 seconds', ts), side
)
SELECT window_end, side, volume, avg(volume) OVER (PARTITION BY side ORDER BY window_end ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS mean, sum(volume) OVER (PARTITION BY side ORDER BY window_end RANGE BETWEEN INTERVAL '1 minute' PRECEDING AND CURRENT ROW) AS minute
FROM bars
