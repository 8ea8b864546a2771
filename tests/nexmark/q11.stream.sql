SELECT bidder, count(*) AS bids, window_start AS began, window_end AS ended
FROM SESSION(bid, date_time, INTERVAL '10 seconds', bidder)
GROUP BY window_start, window_end, bidder
