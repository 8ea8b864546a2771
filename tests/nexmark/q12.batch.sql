WITH placed AS (
  SELECT bidder, arrow_cast(date_time::bigint / 10000000 * 10000000,
                            'Timestamp(Microsecond, Some("UTC"))') AS began
  FROM bid
)
SELECT bidder, count(*) AS bids, began, began + INTERVAL '10 seconds' AS ended
FROM placed
GROUP BY began, bidder
