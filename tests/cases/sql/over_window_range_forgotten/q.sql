SELECT ts, k, date_bin(INTERVAL '20 seconds', ts) + INTERVAL '20 seconds' AS window_end, count(*) OVER (PARTITION BY date_bin(INTERVAL '20 seconds', ts), k ORDER BY ts RANGE BETWEEN INTERVAL '3 seconds' PRECEDING AND CURRENT ROW) AS c
FROM a
