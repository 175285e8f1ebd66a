import re

def render(template, context):
    def lookup(path):
        value = context
        for part in path.split("."):
            value = value[int(part)] if part.isdigit() else value[part] if isinstance(value, dict) else getattr(value, part)
        return value

    def replace(match):
        path, _, filters = match.group(1).strip().partition("|")
        value = lookup(path.strip())
        for name in filter(None, (f.strip() for f in filters.split("|"))):
            value = {"upper": str.upper, "len": len, "join": ", ".join}[name](value)
        return str(value)

    return re.sub(r"\{\{(.+?)\}\}", replace, template)

class User:
    name = "ann"
print(render("Hi {{ user.name | upper }}, {{ items|join }} ({{items | len}}) first={{ items.0 }}", {"user": User(), "items": ["a", "b"]}))
try:
    render("{{ missing }}", {})
except KeyError as e:
    print("missing", e)
