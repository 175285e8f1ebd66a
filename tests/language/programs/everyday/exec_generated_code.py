template = """
def {name}(x):
    return x {op} {value}
"""
namespace = {}
for name, op, value in [("double", "*", 2), ("minus", "-", 3)]:
    exec(template.format(name=name, op=op, value=value), namespace)
print(namespace["double"](21), namespace["minus"](10))
exec("total = sum(range(5))\nprint('inside', total)")
print(total)
