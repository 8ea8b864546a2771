WITH counted AS (
  SELECT window_start, window_end, auction, count(*) AS bids
  FROM HOP(bid, date_time, INTERVAL '2 seconds', INTERVAL '10 seconds')
  GROUP BY window_start, window_end, auction
), by_count AS (
  SELECT window_start, window_end, bids, array_agg(auction ORDER BY auction) AS auctions
  FROM counted
  GROUP BY window_start, window_end, bids
)
SELECT window_start, window_end, max(bids) AS bids, last_value(auctions ORDER BY bids) AS auctions
FROM by_count
GROUP BY window_start, window_end
