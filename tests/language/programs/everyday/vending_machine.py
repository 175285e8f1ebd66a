class Machine:
    COINS = (200, 100, 50, 20, 10, 5)

    def __init__(self, stock):
        self.stock, self.inserted = stock, 0

    def insert(self, *coins):
        for coin in coins:
            if coin not in self.COINS:
                raise ValueError(f"no such coin: {coin}")
            self.inserted += coin
        return self

    def buy(self, item):
        price, left = self.stock.get(item, (None, 0))
        if not left:
            return f"{item} is sold out"
        if self.inserted < price:
            return f"insert {price - self.inserted} more"
        self.stock[item] = price, left - 1
        change, self.inserted = self.inserted - price, 0
        coins = []
        for coin in self.COINS:
            while change >= coin:
                coins.append(coin)
                change -= coin
        return item, coins

m = Machine({"cola": (135, 1), "gum": (40, 0)})
print(m.buy("gum"), m.buy("cola"), m.insert(100, 50, 20).buy("cola"), m.buy("cola"), sep="\n")
m.stock
