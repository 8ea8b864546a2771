WITH marked AS (
  SELECT bidder, date_time,
         coalesce(date_time - lag(date_time) OVER (PARTITION BY bidder ORDER BY date_time)
                  >= INTERVAL '10 seconds', true)::int AS first
  FROM bid
), numbered AS (
  SELECT bidder, date_time,
         sum(first) OVER (PARTITION BY bidder ORDER BY date_time ROWS UNBOUNDED PRECEDING) AS n
  FROM marked
)
SELECT bidder, count(*) AS bids, min(date_time) AS began,
       max(date_time) + INTERVAL '10 seconds' AS ended
FROM numbered
GROUP BY bidder, n
