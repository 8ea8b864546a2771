SELECT ts, regexp_replace(name, '[0-9]+', '#') AS r, name ~ '^N[0-9]' AS m FROM ticks
