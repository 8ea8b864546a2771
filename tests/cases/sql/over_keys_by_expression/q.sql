SELECT ts, n, count(*) OVER (PARTITION BY n % 3, side IS NULL ORDER BY ts) AS nth, lag(price * 2) OVER (PARTITION BY n % 3, side IS NULL ORDER BY ts, n) AS before
FROM ticks
