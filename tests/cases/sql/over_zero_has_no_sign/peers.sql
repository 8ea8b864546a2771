SELECT window_end, x, CASE WHEN isnan(x) THEN 6 WHEN x = 0 THEN 2 WHEN x = 1.5 THEN 5 WHEN x = -1 THEN 1 ELSE 8 END AS r,
  CASE WHEN x IS NULL THEN 1 WHEN isnan(x) THEN 2 WHEN x = 1.5 THEN 3 WHEN x = 0 THEN 4 ELSE 5 END AS d,
  CASE WHEN extract(second FROM ts) >= 7 THEN 4 WHEN extract(second FROM ts) >= 4 THEN 3
    WHEN extract(second FROM ts) >= 3 THEN 2 ELSE 1 END AS c
FROM (SELECT date_bin(INTERVAL '1 minute', ts) + INTERVAL '1 minute' AS window_end, x, ts FROM a)
