import re

text = "Contact: ann@example.org, bob.smith@mail.co.uk; phone +44 20-7946-0958 on 2024-02-29 or 29/02/2024."
emails = re.findall(r"[\w.+-]+@[\w-]+\.[\w.-]+\w", text)
print(emails)
date = re.search(r"(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)", text)
print(date.group(), date.group("y"), date["m"], date.groups(), date.start(), date.span("d"))
print(re.sub(r"(\d{2})/(\d{2})/(\d{4})", r"\3-\2-\1", text)[-30:])
print(re.sub(r"\b[a-z]", lambda m: m.group().upper(), "every word here"))
print(re.split(r"[;,:]\s*", "a, b;c:d"), re.split(r"(\d)", "a1b2c"))
for m in re.finditer(r"(\w)\1", "bookkeeper mississippi"):
    print(m.group(), m.start(), end=" | ")
print()
pattern = re.compile(r"""
    ^\s*(?P<key>\w+)     # key
    \s*=\s*
    (?P<value>.*?)\s*$   # value
""", re.VERBOSE | re.MULTILINE)
print([m.groupdict() for m in pattern.finditer("a = 1\n b=two words \nbad line")])
print(bool(re.fullmatch(r"\d+", "123")), re.match("b", "abc"), re.escape("a.b*c"))
print(pattern.groups, pattern.groupindex["value"], pattern.flags & re.M != 0)
print(re.subn("a", "b", "banana"), re.findall(r"(?i)(?<=x)y|z(?!z)", "XY zz"))
try:
    re.compile("(unclosed")
except re.error as e:
    print("regex error:", e)
