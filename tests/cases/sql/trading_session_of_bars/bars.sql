-- the sessions by hand; a minute's time is its last microsecond
WITH sessions(window_start, window_end, next_day) AS (VALUES
  (TIMESTAMP '2025-11-13T23:45:00Z', TIMESTAMP '2025-11-14T06:46:00Z', DATE '2025-11-17'),
  (TIMESTAMP '2025-11-14T08:00:00Z', TIMESTAMP '2025-11-14T21:01:00Z', DATE '2025-11-17')),
minutes AS (
  SELECT date_trunc('minute', ts) + INTERVAL '1 minute' - INTERVAL '1 microsecond' AS at, code,
         max(price) AS high, count(*) AS ticks
  FROM ticks
  GROUP BY date_trunc('minute', ts), code)
SELECT window_start, window_end, code, next_day, max(high) AS high, sum(ticks) AS ticks
FROM minutes, sessions
WHERE at >= window_start AND at < window_end
GROUP BY window_start, window_end, code, next_day
