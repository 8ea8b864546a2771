SELECT ts, price::bigint AS i, oi::double / 2 AS half, CAST(oi AS TEXT) || '!' AS t, oi::decimal(10, 2) AS d, price > 1 AS b, ts::date AS day, '12'::int + 1 AS n FROM ticks WHERE oi < 4
