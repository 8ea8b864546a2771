SELECT bid.auction, bid.bidder, bid.price, bid.channel, bid.date_time AS bid_time,
       auction.item_name, auction.initial_bid, auction.date_time, auction.expires, auction.seller
FROM auction JOIN bid ON auction.id = bid.auction
WHERE auction.category = 10
