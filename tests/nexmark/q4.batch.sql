WITH winning AS (
  SELECT date_trunc('day', auction.date_time) + INTERVAL '1 day' AS day_end, id, category,
         max(price) AS price
  FROM auction JOIN bid
    ON auction.id = bid.auction AND bid.date_time BETWEEN auction.date_time AND auction.expires
  GROUP BY date_trunc('day', auction.date_time), id, category
)
SELECT day_end, category, avg(price) AS mean FROM winning GROUP BY day_end, category
