SELECT ts, d::double AS q FROM a UNION ALL SELECT ts, x FROM a
