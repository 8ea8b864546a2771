SELECT ts, try_cast(side AS BIGINT) AS n FROM ticks
