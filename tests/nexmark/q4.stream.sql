-- An auction expires within a day, so that the bound of a day changes nothing. The average is that
-- of a day's auctions: the public query's goes on for ever.
WITH winning AS (
  SELECT window_start, window_end, id, category, max(price) AS price
  FROM TUMBLE((
    SELECT auction.date_time, auction.id, auction.category, bid.price
    FROM auction JOIN bid
      ON auction.id = bid.auction
      AND bid.date_time BETWEEN auction.date_time AND auction.date_time + INTERVAL '1 day'
      AND bid.date_time <= auction.expires
  ), date_time, INTERVAL '1 day')
  GROUP BY window_start, window_end, id, category
)
SELECT window_end AS day_end, category, avg(price) AS mean
FROM winning
GROUP BY window_end, category
