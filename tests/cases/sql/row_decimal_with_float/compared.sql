SELECT ts, x < d::double AS lt, d::double = x AS eq, d::double * x AS times, d::double BETWEEN x AND 50 AS b,
  x IN (d::double, 7.0) AS i, d > 0.1 AS more FROM a
