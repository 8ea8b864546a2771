SELECT arrow_cast(s, 'Timestamp(Microsecond, Some("UTC"))') AS window_start, arrow_cast(s + 60000000, 'Timestamp(Microsecond, Some("UTC"))') AS window_end, count(*) AS n, sum(oi) AS oi
FROM ticks JOIN (SELECT value * 30000000 + 10000000 AS s FROM generate_series(58770330, 58770390)) AS w
ON ts::bigint >= s AND ts::bigint < s + 60000000
GROUP BY s
