WITH numbered AS (
  SELECT *, row_number() OVER () AS position FROM bid
), placed AS (
  SELECT *, row_number() OVER (
    PARTITION BY date_trunc('day', date_time), auction
    ORDER BY price DESC, date_time, position
  ) AS place
  FROM numbered
)
SELECT auction, bidder, price, channel, date_time, place FROM placed WHERE place <= 10
