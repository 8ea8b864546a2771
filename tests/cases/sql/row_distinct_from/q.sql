SELECT ts, n, (f IS NULL) OR (v > 6) AS either
FROM ticks
WHERE ((n > 0) AND (f IS NULL OR NOT f) AND (v > 5)) OR (v = n + 1)
