SELECT ended, count(*) AS results, sum(n) AS ticks FROM (
  SELECT date_bin(INTERVAL '20 seconds', ts) + INTERVAL '20 seconds' AS ended, side, count(*) AS n FROM ticks GROUP BY 1, side
  UNION ALL
  SELECT date_bin(INTERVAL '40 seconds', ts) + INTERVAL '40 seconds' AS ended, side, count(*) AS n FROM ticks GROUP BY 1, side)
GROUP BY ended ORDER BY ended
