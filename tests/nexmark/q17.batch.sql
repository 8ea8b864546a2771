SELECT auction, date_trunc('day', date_time) AS day,
       count(*) AS bids,
       count(*) FILTER (WHERE price < 10000) AS small,
       count(*) FILTER (WHERE price >= 10000 AND price < 1000000) AS middle,
       count(*) FILTER (WHERE price >= 1000000) AS large,
       min(price) AS low, max(price) AS high, avg(price) AS mean, sum(price) AS total
FROM bid
GROUP BY date_trunc('day', date_time), auction
