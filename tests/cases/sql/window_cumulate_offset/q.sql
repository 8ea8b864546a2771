SELECT arrow_cast(s, 'Timestamp(Microsecond, Some("UTC"))') AS window_start, arrow_cast(s + j * 60000000, 'Timestamp(Microsecond, Some("UTC"))') AS window_end, sum(oi) AS oi
FROM (SELECT *, ts::bigint AS t, (ts::bigint - 110000000) / 180000000 * 180000000 + 110000000 AS s FROM ticks) AS r
CROSS JOIN (SELECT value AS j FROM generate_series(1, 3)) AS steps
WHERE t < s + j * 60000000
GROUP BY s, j
