from dataclasses import dataclass, field
from html import escape

@dataclass
class Element:
    tag: str
    text: str = ""
    attributes: dict = field(default_factory=dict)
    children: list = field(default_factory=list)

    def add(self, tag, text="", **attributes):
        child = Element(tag, text, attributes)
        self.children.append(child)
        return child

    def render(self, indent=0):
        pad = "  " * indent
        attrs = "".join(f' {k.rstrip("_")}="{escape(str(v))}"' for k, v in self.attributes.items())
        if not self.children:
            return f"{pad}<{self.tag}{attrs}>{escape(self.text)}</{self.tag}>"
        inner = "\n".join(c.render(indent + 1) for c in self.children)
        return f"{pad}<{self.tag}{attrs}>\n{inner}\n{pad}</{self.tag}>"

root = Element("catalog")
book = root.add("book", id=1, class_="new")
book.add("title", "Tom & Jerry")
book.add("price", "9.99", currency="EUR")
root.add("empty")
print(root.render())
def count(e):
    return 1 + sum(map(count, e.children))
count(root)
