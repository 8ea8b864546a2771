SELECT channel, date_trunc('day', date_time) AS day,
       max(date_trunc('minute', date_time)) AS minute,
       count(*) AS bids,
       count(*) FILTER (WHERE price < 10000) AS small,
       count(*) FILTER (WHERE price >= 1000000) AS large,
       count(DISTINCT bidder) AS bidders,
       count(DISTINCT bidder) FILTER (WHERE price >= 10000 AND price < 1000000) AS middle_bidders,
       count(DISTINCT auction) AS auctions
FROM bid
GROUP BY date_trunc('day', date_time), channel
