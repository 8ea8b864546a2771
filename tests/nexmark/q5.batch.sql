WITH bounds AS (
  SELECT min(date_time)::bigint / 2000000 AS first FROM bid
), windows AS (
  SELECT arrow_cast((first + value - 4) * 2000000, 'Timestamp(Microsecond, Some("UTC"))') AS s
  FROM bounds CROSS JOIN generate_series(0, 20)
), counted AS (
  SELECT s, auction, count(*) AS bids
  FROM windows JOIN bid ON date_time >= s AND date_time < s + INTERVAL '10 seconds'
  GROUP BY s, auction
), most AS (
  SELECT s, max(bids) AS bids FROM counted GROUP BY s
)
SELECT counted.s AS window_start, counted.s + INTERVAL '10 seconds' AS window_end, counted.bids,
       array_agg(auction ORDER BY auction) AS auctions
FROM counted JOIN most ON counted.s = most.s AND counted.bids = most.bids
GROUP BY counted.s, counted.bids
