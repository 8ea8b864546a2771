-- The side input is a table of ten thousand keys, as in the public query.
SELECT bid.auction, bid.bidder, bid.price, bid.date_time, side.value
FROM bid JOIN side ON bid.auction % 10000 = side.key
