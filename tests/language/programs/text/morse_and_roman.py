MORSE = {"A": ".-", "B": "-...", "E": ".", "H": "....", "L": ".-..", "O": "---", "S": "...", " ": "/"}
DECODE = {code: letter for letter, code in MORSE.items()}

def encode(text):
    return " ".join(MORSE.get(c, "?") for c in text.upper())

def decode(code):
    return "".join(DECODE.get(c, "?") for c in code.split())

message = encode("hello sos")
print(message)
print(decode(message).capitalize())

def to_roman(n):
    table = ((1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"),
             (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))
    out = ""
    for value, symbol in table:
        count, n = divmod(n, value)
        out += symbol * count
    return out

def from_roman(s):
    values = dict(zip("IVXLCDM", (1, 5, 10, 50, 100, 500, 1000)))
    total = 0
    for a, b in zip(s, s[1:] + " "):
        total += -values[a] if values.get(b, 0) > values[a] else values[a]
    return total

for n in (4, 9, 1994, 2024, 3999):
    r = to_roman(n)
    print(n, r, from_roman(r) == n)
