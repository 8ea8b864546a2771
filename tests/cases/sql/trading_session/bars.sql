-- the sessions by hand: 8:45 to 15:45 and 17:00 to 6:00 in Japan, and a minute for the closing auction
WITH sessions(window_start, window_end) AS (VALUES
  (TIMESTAMP '2025-11-12T23:45:00Z', TIMESTAMP '2025-11-13T06:46:00Z'),
  (TIMESTAMP '2025-11-13T08:00:00Z', TIMESTAMP '2025-11-13T21:01:00Z'),
  (TIMESTAMP '2025-11-13T23:45:00Z', TIMESTAMP '2025-11-14T06:46:00Z'),
  (TIMESTAMP '2025-11-14T08:00:00Z', TIMESTAMP '2025-11-14T21:01:00Z'),
  (TIMESTAMP '2025-11-16T23:45:00Z', TIMESTAMP '2025-11-17T06:46:00Z'))
SELECT window_start, window_end, code, first_value(price ORDER BY ts) AS open, max(price) AS high,
       min(price) AS low, last_value(price ORDER BY ts) AS close, count(*) AS ticks
FROM ticks, sessions
WHERE ts >= window_start AND ts < window_end
GROUP BY window_start, window_end, code
