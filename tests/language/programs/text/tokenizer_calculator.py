import re
from typing import NamedTuple

class Token(NamedTuple):
    kind: str
    value: str

TOKENS = re.compile(r"\s*(?:(?P<num>\d+\.?\d*)|(?P<op>[-+*/^()]))")

def tokenize(text):
    pos, tokens = 0, []
    while pos < len(text.rstrip()):
        m = TOKENS.match(text, pos)
        if not m:
            raise SyntaxError(f"unexpected {text[pos]!r} at {pos}")
        tokens.append(Token(m.lastgroup, m.group(m.lastgroup)))
        pos = m.end()
    return tokens

class Parser:
    def __init__(self, text):
        self.tokens = tokenize(text)
        self.i = 0
    def peek(self):
        return self.tokens[self.i].value if self.i < len(self.tokens) else None
    def take(self):
        self.i += 1
        return self.tokens[self.i - 1]
    def expr(self):
        value = self.term()
        while self.peek() in ("+", "-"):
            value = value + self.term() if self.take().value == "+" else value - self.term()
        return value
    def term(self):
        value = self.power()
        while self.peek() in ("*", "/"):
            value = value * self.power() if self.take().value == "*" else value / self.power()
        return value
    def power(self):
        base = self.atom()
        if self.peek() == "^":
            self.take()
            return base ** self.power()
        return base
    def atom(self):
        token = self.take()
        if token.value == "(":
            value = self.expr()
            assert self.take().value == ")"
            return value
        if token.value == "-":
            return -self.atom()
        return float(token.value)

for source in ("1 + 2 * 3", "(1+2)*3 - 4/8", "2^3^2", "-(5 - 7) * 2"):
    print(source, "=", Parser(source).expr())
try:
    Parser("2 $ 3")
except SyntaxError as e:
    print("SyntaxError:", e)
