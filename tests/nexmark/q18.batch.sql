WITH numbered AS (
  SELECT *, row_number() OVER () AS position FROM bid
), placed AS (
  SELECT *, row_number() OVER (
    PARTITION BY date_trunc('day', date_time), bidder, auction
    ORDER BY date_time DESC, position DESC
  ) AS place
  FROM numbered
)
SELECT auction, bidder, price, channel, date_time FROM placed WHERE place = 1
