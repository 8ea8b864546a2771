-- The ten highest bids of each auction, within a day: over all time, a bid could fall out of them
-- after it was emitted.
SELECT auction, bidder, price, channel, date_time, place
FROM (
  SELECT *, row_number() OVER (
    PARTITION BY window_start, window_end, auction ORDER BY price DESC
  ) AS place
  FROM TUMBLE(bid, date_time, INTERVAL '1 day')
)
WHERE place <= 10
