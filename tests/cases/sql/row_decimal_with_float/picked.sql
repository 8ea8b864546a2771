SELECT ts, coalesce(d::double, x) AS c, CASE WHEN d > 1 THEN d::double ELSE x END AS w, greatest(d::double, x) AS g FROM a
