SELECT * FROM ticks WHERE side = 'P'
