import string
import re

RULES = {
    "length": lambda p: len(p) >= 8,
    "digit": lambda p: any(c.isdigit() for c in p),
    "upper": lambda p: any(c.isupper() for c in p),
    "symbol": lambda p: bool(set(p) & set(string.punctuation)),
    "no repeats": lambda p: not re.search(r"(.)\1\1", p),
}

def check(password):
    failed = [name for name, rule in RULES.items() if not rule(password)]
    score = len(RULES) - len(failed)
    return score, failed

for p in ("secret", "Tr0ub4dor&3", "aaaBBB111!", "CorrectHorse9!"):
    score, failed = check(p)
    bar = "#" * score + "-" * (len(RULES) - score)
    print(f"{p[:2] + '*' * (len(p) - 2):<16}[{bar}] {'ok' if not failed else 'missing: ' + ', '.join(failed)}")
sum(check(p)[0] for p in ("a", "B1!bbbbb"))
