SELECT ts, CASE WHEN x <> 0 OR isnan(x) THEN x END AS n,
  CASE WHEN x = 0 THEN 'zero' WHEN x = 1.5 THEN 'more' END AS c, x = 0 AS i FROM a
