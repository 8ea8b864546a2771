-- The newest row of each key up to then.
SELECT ts, x, w FROM (
  SELECT a.ts, a.x, b.w, row_number() OVER (PARTITION BY a.ts ORDER BY b.ts DESC) AS n
  FROM a JOIN b ON (a.x = b.x OR isnan(a.x) AND isnan(b.x)) AND b.ts <= a.ts) WHERE n = 1
