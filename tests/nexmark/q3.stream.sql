-- The public query keeps all people and all auctions for ever. Here people are a table, and an
-- auction sees its seller as of its own time: the same, since a seller registers before he sells.
SELECT auction.date_time, people.name, people.city, people.state, auction.id
FROM auction JOIN people ON auction.seller = people.id
WHERE auction.category = 10 AND people.state IN ('OR', 'ID', 'CA')
