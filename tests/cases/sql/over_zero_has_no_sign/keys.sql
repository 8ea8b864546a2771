SELECT ts, x, row_number() OVER (PARTITION BY CASE WHEN x = 0 THEN 0.0 WHEN isnan(x) THEN 'NaN'::double ELSE x END ORDER BY ts) AS n,
  count(*) OVER (PARTITION BY CASE WHEN x IS NULL THEN 0 WHEN x = 0 OR isnan(x) THEN 1 ELSE 2 END
    ORDER BY ts) AS m FROM a
