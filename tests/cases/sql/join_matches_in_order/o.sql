SELECT ts, id, bn, row_number() OVER (ORDER BY ts, bts) AS n, lag(bn) OVER (ORDER BY ts, bts) AS before, last_value(bn) OVER (ORDER BY ts, bts ROWS 2 PRECEDING) AS newest
FROM (SELECT a.ts, a.id, b.bn, b.ts AS bts FROM a JOIN b ON b.ts BETWEEN a.ts - INTERVAL '5 seconds' AND a.ts + INTERVAL '5 seconds') AS j
