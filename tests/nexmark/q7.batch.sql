WITH best AS (
  SELECT date_trunc('second', date_time) AS s, max(price) AS price FROM bid GROUP BY 1
)
SELECT s AS window_start, s + INTERVAL '1 second' AS window_end, best.price,
       array_agg(auction ORDER BY auction, bidder) AS auctions,
       array_agg(bidder ORDER BY auction, bidder) AS bidders
FROM best JOIN bid ON date_trunc('second', date_time) = s AND bid.price = best.price
GROUP BY s, best.price
