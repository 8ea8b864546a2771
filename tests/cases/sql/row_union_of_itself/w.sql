SELECT date_bin(INTERVAL '10 seconds', ts) + INTERVAL '10 seconds' AS window_end, first_value(src ORDER BY ts, n, b) AS f, last_value(src ORDER BY ts, n, b) AS l, array_agg(src || n::text ORDER BY ts, n, b) AS every
FROM (SELECT ts, 'p' AS src, n, 0 AS b FROM a UNION ALL SELECT ts, 'c', n, 1 FROM a) AS u GROUP BY date_bin(INTERVAL '10 seconds', ts)
