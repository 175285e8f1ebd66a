def evaluate(node, env):
    match node:
        case int() | float():
            return node
        case str(name):
            return env[name]
        case ["let", name, value, body]:
            return evaluate(body, {**env, name: evaluate(value, env)})
        case ["if", test, then, otherwise]:
            return evaluate(then if evaluate(test, env) else otherwise, env)
        case ["lambda", [*params], body]:
            return lambda *args: evaluate(body, {**env, **dict(zip(params, args))})
        case [function, *args]:
            return evaluate(function, env)(*[evaluate(a, env) for a in args])

import operator
env = {"+": operator.add, "*": operator.mul, "<": operator.lt, "-": operator.sub}
print(evaluate(["let", "x", 5, ["*", "x", ["+", "x", 1]]], env))
print(evaluate([["lambda", ["a", "b"], ["-", "a", "b"]], 10, 4], env))
env["fact"] = lambda n: 1 if n < 2 else n * env["fact"](n - 1)
print(evaluate(["if", ["<", 1, 2], ["fact", 5], 0], env))
try:
    evaluate("nope", env)
except KeyError as e:
    print("unbound", e)
