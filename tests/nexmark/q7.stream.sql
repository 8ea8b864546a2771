WITH by_price AS (
  SELECT window_start, window_end, price,
         array_agg(auction ORDER BY auction, bidder) AS auctions,
         array_agg(bidder ORDER BY auction, bidder) AS bidders
  FROM TUMBLE(bid, date_time, INTERVAL '1 second')
  GROUP BY window_start, window_end, price
)
SELECT window_start, window_end, max(price) AS price,
       last_value(auctions ORDER BY price) AS auctions, last_value(bidders ORDER BY price) AS bidders
FROM by_price
GROUP BY window_start, window_end
