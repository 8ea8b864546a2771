SELECT window_end, 4 AS c, array_agg(k ORDER BY CASE WHEN x = 0 THEN 0.0 WHEN isnan(x) THEN 'NaN'::double ELSE x END, k) AS o,
  array_agg(DISTINCT abs(x) ORDER BY abs(x)) AS s, first_value(k ORDER BY CASE WHEN x = 0 THEN 0.0 WHEN isnan(x) THEN 'NaN'::double ELSE x END DESC, k DESC) AS f
FROM (SELECT *, date_bin(INTERVAL '1 minute', ts) + INTERVAL '1 minute' AS window_end FROM a) GROUP BY window_end
