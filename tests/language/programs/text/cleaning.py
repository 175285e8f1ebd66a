import unicodedata

raw = "  \tThe  QUICK brown\u00a0fox —  naïve café!  \n"
print(repr(raw.strip()), len(raw.split()))
print(" ".join(raw.split()).lower())
ascii_only = unicodedata.normalize("NFKD", raw).encode("ascii", "ignore").decode()
print(repr(ascii_only.strip()))
words = ["apple", "Banana", "cherry pie", "x1", "42", "", "ÄÖ"]
for w in words:
    print(f"{w!r:<14}", w.isalpha(), w.isdigit(), w.isalnum(), w.istitle(), w.isupper(), w.isidentifier())
print("snake_case_name".title().replace("_", ""), "CamelCase".swapcase(), "ß".upper(), "ǅ".casefold())
print("a-b_c d".translate(str.maketrans({"-": "+", "_": None, " ": "<sp>"})))
print("x".join("abc"), "a,b,,c".split(","), "a b  c".split(" "), "k=v=w".partition("="), "k=v=w".rpartition("="))
print("path/to/file.txt".rsplit("/", 1)[-1].removesuffix(".txt"), "prefix-x".removeprefix("prefix-"))
print("line1\nline2\r\nline3".splitlines(), "tab\tsep".expandtabs(4), "7".zfill(3), "-7".zfill(4))
"banana".count("an"), "banana".find("n", 3), "banana".rfind("a"), "banana".startswith(("x", "ba")), "banana".replace("a", "o", 2)
