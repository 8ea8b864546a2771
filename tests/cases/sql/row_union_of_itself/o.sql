SELECT ts, src, n, lag(src) OVER (ORDER BY ts, n, b) AS before FROM (SELECT ts, 'p' AS src, n, 0 AS b FROM a UNION ALL SELECT ts, 'c', n, 1 FROM a) AS u
