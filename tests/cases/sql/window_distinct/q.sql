SELECT DISTINCT date_bin(INTERVAL '1 minute', ts) + INTERVAL '1 minute' AS window_end, side FROM ticks
