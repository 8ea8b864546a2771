SELECT auction.date_time, person.name, person.city, person.state, auction.id
FROM auction JOIN person ON auction.seller = person.id AND person.date_time <= auction.date_time
WHERE auction.category = 10 AND person.state IN ('OR', 'ID', 'CA')
