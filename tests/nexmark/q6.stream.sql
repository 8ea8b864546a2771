-- Of the auctions that opened on one day, as in query 4; the last ten by the time at which they
-- closed, and by number where they closed together.
WITH winning AS (
  SELECT window_start, window_end, id, seller, expires, max(price) AS price
  FROM TUMBLE((
    SELECT auction.date_time, auction.id, auction.seller, auction.expires, bid.price
    FROM auction JOIN bid
      ON auction.id = bid.auction
      AND bid.date_time BETWEEN auction.date_time AND auction.date_time + INTERVAL '1 day'
      AND bid.date_time <= auction.expires
  ), date_time, INTERVAL '1 day')
  GROUP BY window_start, window_end, id, seller, expires
)
SELECT seller, id, avg(price) OVER (
  PARTITION BY window_start, window_end, seller ORDER BY expires, id
  ROWS BETWEEN 9 PRECEDING AND CURRENT ROW) AS mean
FROM winning
