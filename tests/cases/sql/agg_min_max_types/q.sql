SELECT date_bin(INTERVAL '1 minute', ts) AS window_start, date_bin(INTERVAL '1 minute', ts) + INTERVAL '1 minute' AS window_end, side, min(ts) AS first, max(ts) AS last, min(day) AS from_day, max(day) AS to_day, min(name) AS a, max(name) AS z, max(open) AS any_open, min(open) AS all_open
FROM ticks
GROUP BY date_bin(INTERVAL '1 minute', ts), side
