import io

def read_lines(text):
    for line in io.StringIO(text):
        yield line.rstrip("\n")

def strip_comments(lines):
    for line in lines:
        line = line.split("#", 1)[0].strip()
        if line:
            yield line

def parse(lines):
    for line in lines:
        key, _, value = line.partition("=")
        yield key.strip(), value.strip()

source = """
# settings
host = example.org   # where
port = 8080

debug=
"""
config = dict(parse(strip_comments(read_lines(source))))
print(config)
squares = (x * x for x in range(10))
evens = (s for s in squares if s % 2 == 0)
print(next(evens), next(evens), list(evens), list(squares))
print(sum(1 for _ in strip_comments(read_lines(source))))
