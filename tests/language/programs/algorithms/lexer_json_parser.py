class JsonParser:
    def __init__(self, text):
        self.text, self.pos = text, 0

    def error(self, message):
        raise ValueError(f"{message} at {self.pos}: {self.text[self.pos:self.pos + 5]!r}")

    def skip(self):
        while self.pos < len(self.text) and self.text[self.pos].isspace():
            self.pos += 1

    def expect(self, ch):
        self.skip()
        if self.text[self.pos:self.pos + 1] != ch:
            self.error(f"expected {ch!r}")
        self.pos += 1

    def parse(self):
        self.skip()
        match self.text[self.pos:self.pos + 1]:
            case "{":
                return self.object()
            case "[":
                return self.array()
            case '"':
                return self.string()
            case "t" | "f" | "n":
                for word, value in (("true", True), ("false", False), ("null", None)):
                    if self.text.startswith(word, self.pos):
                        self.pos += len(word)
                        return value
                self.error("bad word")
            case _:
                return self.number()

    def string(self):
        self.expect('"')
        end = self.text.index('"', self.pos)
        value, self.pos = self.text[self.pos:end], end + 1
        return value

    def number(self):
        start = self.pos
        while self.pos < len(self.text) and self.text[self.pos] in "+-.eE0123456789":
            self.pos += 1
        if start == self.pos:
            self.error("unexpected character")
        raw = self.text[start:self.pos]
        return float(raw) if set(raw) & set(".eE") else int(raw)

    def array(self):
        self.expect("[")
        items = []
        self.skip()
        while self.text[self.pos] != "]":
            items.append(self.parse())
            self.skip()
            if self.text[self.pos] == ",":
                self.pos += 1
        self.pos += 1
        return items

    def object(self):
        self.expect("{")
        out = {}
        self.skip()
        while self.text[self.pos] != "}":
            key = self.string()
            self.expect(":")
            out[key] = self.parse()
            self.skip()
            if self.text[self.pos] == ",":
                self.pos += 1
                self.skip()
        self.pos += 1
        return out

print(JsonParser('{"a": [1, 2.5, {"b": null}], "c": true, "d": "x y", "e": []}').parse())
try:
    JsonParser("[1, ?]").parse()
except ValueError as e:
    print(e)
