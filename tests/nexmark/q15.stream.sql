SELECT window_start AS day,
       count(*) AS bids,
       count(*) FILTER (WHERE price < 10000) AS small,
       count(*) FILTER (WHERE price >= 10000 AND price < 1000000) AS middle,
       count(*) FILTER (WHERE price >= 1000000) AS large,
       count(DISTINCT bidder) AS bidders,
       count(DISTINCT bidder) FILTER (WHERE price < 10000) AS small_bidders,
       count(DISTINCT auction) AS auctions,
       count(DISTINCT auction) FILTER (WHERE price >= 1000000) AS large_auctions
FROM TUMBLE(bid, date_time, INTERVAL '1 day')
GROUP BY window_start, window_end
