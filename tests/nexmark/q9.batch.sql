SELECT date_trunc('day', date_time) + INTERVAL '1 day' AS day_end, id, item_name, seller, category,
       price, bidder, bid_time
FROM (
  SELECT auction.*, bid.price, bid.bidder, bid.date_time AS bid_time,
         row_number() OVER (PARTITION BY auction.id
                            ORDER BY bid.price DESC, bid.date_time, bid.bidder) AS n
  FROM auction JOIN bid
    ON auction.id = bid.auction AND bid.date_time BETWEEN auction.date_time AND auction.expires
) AS ranked
WHERE n = 1
