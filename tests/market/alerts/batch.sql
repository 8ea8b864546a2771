WITH rows AS (
    SELECT *, arrow_cast(expiry, 'Utf8') || '/' || arrow_cast(strike, 'Utf8') || '/' || put_call AS key,
           row_number() OVER (PARTITION BY expiry, strike, put_call ORDER BY ts) AS n,
           lag(oi) OVER (PARTITION BY expiry, strike, put_call ORDER BY ts) AS before
    FROM ticks
),
changes AS (SELECT *, oi / CAST(before AS DOUBLE) - 1 AS change FROM rows),

-- Of each alert: whether its condition holds, its severity and figure.
told AS (
    SELECT 'iv_high' AS rule, key, ts, n, coalesce(iv >= 22, false) AS holds,
           CASE WHEN iv >= 30 THEN 'high' ELSE 'watch' END AS severity, iv AS value, 22.0 AS threshold,
           INTERVAL '3 minutes' AS hold
    FROM rows
    UNION ALL
    SELECT 'oi_jump', key, ts, n, coalesce(before >= 500 AND abs(change) >= 0.02, false),
           CASE WHEN abs(change) >= 0.05 THEN 'high' ELSE 'watch' END, change * 100, NULL, INTERVAL '0 minutes'
    FROM changes
),

-- Islands: stretches of rows that hold, and the row behind each.
numbered AS (
    SELECT *, n - row_number() OVER (PARTITION BY rule, key, holds ORDER BY n) AS island
    FROM told
),
islands AS (
    SELECT rule, key, island, min(ts) + hold AS opens, max(n) AS last
    FROM numbered WHERE holds GROUP BY rule, key, island, hold
),
ends AS (
    SELECT i.*, b.ts AS ends, b.value AS end_value, b.threshold AS end_threshold
    FROM islands i LEFT JOIN told b ON b.rule = i.rule AND b.key = i.key AND b.n = i.last + 1
),
opened AS (SELECT * FROM ends WHERE ends IS NULL OR ends > opens OR (rule = 'oi_jump')),

-- The row that stands when an island opens, and those behind it.
stands AS (
    SELECT o.rule, o.key, o.island, o.opens, o.ends, o.end_value, o.end_threshold,
           t.n, t.ts, t.severity, t.value, t.threshold,
           t.ts <= o.opens AND NOT coalesce(lead(t.ts) OVER island <= o.opens, false) AS is_first,
           t.ts > o.opens AS is_behind,
           lag(t.severity) OVER island AS severity_before,
           last_value(t.severity) OVER (PARTITION BY o.rule, o.key, o.island ORDER BY t.n
               ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS severity_last
    FROM opened o JOIN numbered t
      ON t.rule = o.rule AND t.key = o.key AND t.island = o.island AND t.holds
    WINDOW island AS (PARTITION BY o.rule, o.key, o.island ORDER BY t.n)
),

-- With hysteresis: what was said last of open and over counts.
said AS (
    SELECT *, CASE WHEN price >= 100 THEN 1 WHEN price < 95 THEN 0 END AS says FROM rows
),
latched AS (
    SELECT *, coalesce(last_value(says) IGNORE NULLS OVER (PARTITION BY key ORDER BY n), 0) AS open FROM said
),
flips AS (
    SELECT *, coalesce(lag(open) OVER (PARTITION BY key ORDER BY n), 0) AS was FROM latched
)

SELECT rule, opens AS time, 'open' AS state, severity, key, value, threshold FROM stands WHERE is_first
UNION ALL
SELECT rule, ts, 'update', severity, key, value, threshold FROM stands
WHERE is_behind AND severity <> severity_before
UNION ALL
SELECT rule, ends, 'clear', severity_last, key, end_value, end_threshold FROM stands
WHERE is_first AND ends IS NOT NULL
UNION ALL
SELECT 'dear', ts, CASE open WHEN 1 THEN 'open' ELSE 'clear' END, 'info', key, price, 100.0 FROM flips
WHERE open <> was
