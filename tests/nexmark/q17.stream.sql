SELECT auction, window_start AS day,
       count(*) AS bids,
       count(*) FILTER (WHERE price < 10000) AS small,
       count(*) FILTER (WHERE price >= 10000 AND price < 1000000) AS middle,
       count(*) FILTER (WHERE price >= 1000000) AS large,
       min(price) AS low, max(price) AS high, avg(price) AS mean, sum(price) AS total
FROM TUMBLE(bid, date_time, INTERVAL '1 day')
GROUP BY window_start, window_end, auction
