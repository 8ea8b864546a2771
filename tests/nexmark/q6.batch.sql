WITH winning AS (
  SELECT date_trunc('day', auction.date_time) AS day, id, seller, expires, max(price) AS price
  FROM auction JOIN bid
    ON auction.id = bid.auction AND bid.date_time BETWEEN auction.date_time AND auction.expires
  GROUP BY date_trunc('day', auction.date_time), id, seller, expires
)
SELECT seller, id, avg(price) OVER (
  PARTITION BY day, seller ORDER BY expires, id ROWS BETWEEN 9 PRECEDING AND CURRENT ROW) AS mean
FROM winning
