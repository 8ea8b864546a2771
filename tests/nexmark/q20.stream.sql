-- The public query keeps all bids and auctions for ever. A bid comes within a day of its auction, so
-- that the bound changes nothing.
SELECT bid.auction, bid.bidder, bid.price, bid.channel, bid.date_time AS bid_time,
       auction.item_name, auction.initial_bid, auction.date_time, auction.expires, auction.seller
FROM auction JOIN bid
  ON auction.id = bid.auction
  AND bid.date_time BETWEEN auction.date_time - INTERVAL '1 day'
                        AND auction.date_time + INTERVAL '1 day'
WHERE auction.category = 10
