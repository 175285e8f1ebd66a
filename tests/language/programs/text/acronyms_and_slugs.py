import re
titles = ["Portable Network Graphics", "Complementary metal-oxide semiconductor", "First In, First Out!"]
for t in titles:
    parts = re.split(r"[\s\-]+", t)
    acronym = "".join(p[0] for p in parts if p[:1].isalpha()).upper()
    slug = re.sub(r"[^a-z0-9]+", "-", t.lower()).strip("-")
    print(f"{acronym:<5} {slug}")
camel = "someVariableNameHTTPServer"
snake = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", camel).lower()
back = "".join(w if i == 0 else w.capitalize() for i, w in enumerate(snake.split("_")))
print(snake, back)
masked = re.sub(r"\d(?=\d{4})", "*", "card 4111111111111111")
masked, re.findall(r"(\w)(\d+)", "a1b22c"), bool(re.match(r"^[\w.]+@\w+\.\w{2,}$", "a.b@c.org"))
