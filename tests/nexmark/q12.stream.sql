SELECT bidder, count(*) AS bids, window_start AS began, window_end AS ended
FROM TUMBLE(bid, date_time, INTERVAL '10 seconds')
GROUP BY window_start, window_end, bidder
