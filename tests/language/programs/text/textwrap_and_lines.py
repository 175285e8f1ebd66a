import textwrap

text = """The quick brown fox jumps over the lazy dog. Pack my box with five dozen liquor jugs.
How vexingly quick daft zebras jump!"""
print(textwrap.fill(text, width=30))
print(textwrap.fill(text, width=40, initial_indent="* ", subsequent_indent="  "))
print(textwrap.shorten(text, width=35, placeholder="..."))
block = """
    def f():
        return 1
    """
print(textwrap.dedent(block).strip())
print(textwrap.indent("a\nb\n\nc", "> "))
lines = textwrap.wrap(text, 20)
print(len(lines), max(map(len, lines)))
for number, line in enumerate(text.splitlines(), start=1):
    print(f"{number:>3}: {line[:25]}{'…' if len(line) > 25 else ''}")
