SELECT ts, n, side, CASE WHEN price IS NOT NULL AND volume IS NOT NULL THEN round(sum(price * volume) OVER w / nullif(sum(CASE WHEN price IS NOT NULL THEN volume END) OVER w, 0), 6) END AS vwap
FROM ticks WINDOW w AS (PARTITION BY side, date_bin(INTERVAL '2 minutes', ts) ORDER BY ts, n)
