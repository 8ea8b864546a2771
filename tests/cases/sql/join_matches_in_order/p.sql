SELECT ts, id, bn, row_number() OVER (PARTITION BY date_bin(INTERVAL '10 seconds', ts) ORDER BY ts, bts) AS n, row_number() OVER (PARTITION BY date_bin(INTERVAL '10 seconds', ts) ORDER BY ts DESC, bts DESC) AS back
FROM (SELECT a.ts, a.id, b.bn, b.ts AS bts FROM a JOIN b ON b.ts BETWEEN a.ts - INTERVAL '5 seconds' AND a.ts + INTERVAL '5 seconds') AS j
