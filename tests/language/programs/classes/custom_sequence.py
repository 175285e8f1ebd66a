class Deck:
    ranks = [str(n) for n in range(2, 11)] + list("JQKA")
    suits = "spades diamonds clubs hearts".split()

    def __init__(self):
        self._cards = [(rank, suit) for suit in self.suits for rank in self.ranks]

    def __len__(self):
        return len(self._cards)

    def __getitem__(self, position):
        return self._cards[position]

    def __setitem__(self, position, card):
        self._cards[position] = card

    def __delitem__(self, position):
        del self._cards[position]

import random
deck = Deck()
print(len(deck), deck[0], deck[-1], deck[12::13])
random.seed(1)
random.shuffle(deck)
print(len(set(deck)), ("Q", "hearts") in deck)
del deck[0]
del deck[:10]
deck[0] = ("joker", "none")
print(len(deck), deck[0])
order = {s: i for i, s in enumerate(Deck.suits)}
deck = Deck()
ranked = sorted(deck, key=lambda c: (Deck.ranks.index(c[0]), order[c[1]]))
ranked[:3]
