-- An auction expires within a day, so that the bound of a day changes nothing. All bids of an
-- auction come in one window, since the join's rows have the auction's time. Of the highest bids the
-- earliest wins, and of those the one of the lowest bidder.
SELECT window_end AS day_end, id, item_name, seller, category, max(price) AS price,
       first_value(bidder ORDER BY price DESC, bid_time, bidder) AS bidder,
       first_value(bid_time ORDER BY price DESC, bid_time, bidder) AS bid_time
FROM TUMBLE((
  SELECT auction.date_time, auction.id, auction.item_name, auction.seller, auction.category,
         bid.price, bid.bidder, bid.date_time AS bid_time
  FROM auction JOIN bid
    ON auction.id = bid.auction
    AND bid.date_time BETWEEN auction.date_time AND auction.date_time + INTERVAL '1 day'
    AND bid.date_time <= auction.expires
), date_time, INTERVAL '1 day')
GROUP BY window_start, window_end, id, item_name, seller, category
