WITH ends AS (
  SELECT date_bin(INTERVAL '20 seconds', ts) + INTERVAL '20 seconds' AS ended, side, count(*) AS n, max(n) AS place
  FROM ticks GROUP BY 1, side
  UNION ALL
  SELECT date_bin(INTERVAL '40 seconds', ts) + INTERVAL '40 seconds' AS ended, side, count(*) AS n, max(n) AS place
  FROM ticks GROUP BY 1, side)
SELECT a.ended, a.side, a.n, b.n AS tick
FROM ends a JOIN ticks b ON a.side = b.side AND b.ts BETWEEN a.ended AND a.ended + INTERVAL '10 seconds'
ORDER BY a.ended, a.place, b.ts, b.n
