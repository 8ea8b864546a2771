# Prices, Greeks and implied volatilities by QuantLib of the points in argv[1]: a line each of
# side, forward, strike, years, rate, dividend yield, volatility. Prints a line each.
import math
import sys

import QuantLib as ql

for line in open(sys.argv[1]):
    side, *numbers = line.split()
    s, k, t, r, q, sigma = map(float, numbers)
    kind = ql.Option.Call if side == "C" else ql.Option.Put
    discount = math.exp(-r * t)
    out = []
    for forward, spot, years_of_yield in ((s, s, r), (s * math.exp((r - q) * t), s, q)):
        c = ql.BlackCalculator(ql.PlainVanillaPayoff(kind, k), forward, sigma * math.sqrt(t), discount)
        # A future stands still when the rate moves: its yield moves with it.
        rho = c.rho(t) + (c.dividendRho(t) if forward == spot and years_of_yield == r else 0.0)
        price = c.value()
        try:
            iv = ql.blackFormulaImpliedStdDev(
                kind, k, forward, price, discount, 0.0, sigma * math.sqrt(t) * 1.1, 1e-13, 1000
            ) / math.sqrt(t)
        except RuntimeError:
            iv = math.nan
        out += [price, iv, c.delta(spot), c.gamma(spot), c.vega(t), c.theta(spot, t), rho]
    print(*map(repr, out))
