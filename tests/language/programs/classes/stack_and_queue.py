class Stack:
    def __init__(self):
        self._items = []
    def push(self, item):
        self._items.append(item)
    def pop(self):
        if not self._items:
            raise IndexError("pop from empty stack")
        return self._items.pop()
    def peek(self):
        return self._items[-1] if self._items else None
    def __len__(self):
        return len(self._items)
    def __bool__(self):
        return bool(self._items)

def is_balanced(text):
    pairs = {")": "(", "]": "[", "}": "{"}
    stack = Stack()
    for ch in text:
        if ch in pairs.values():
            stack.push(ch)
        elif ch in pairs:
            if not stack or stack.pop() != pairs[ch]:
                return False
    return not stack

def evaluate_rpn(expression):
    ops = {"+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": lambda a, b: a / b}
    s = Stack()
    for token in expression.split():
        if token in ops:
            b, a = s.pop(), s.pop()
            s.push(ops[token](a, b))
        else:
            s.push(float(token))
    return s.pop()

for sample in ["(a[b]{c})", "(]", "((", "", "}{"]:
    print(repr(sample), is_balanced(sample))
print(evaluate_rpn("3 4 + 2 * 7 /"))
try:
    evaluate_rpn("+")
except IndexError as e:
    print(e)
