-- The last bid of each bidder on each auction, within a day: over all time, every bid of every
-- bidder could still be replaced, and no row could be emitted for good.
SELECT auction, bidder, price, channel, date_time
FROM (
  SELECT *, row_number() OVER (
    PARTITION BY window_start, window_end, bidder, auction ORDER BY date_time DESC
  ) AS place
  FROM TUMBLE(bid, date_time, INTERVAL '1 day')
)
WHERE place = 1
