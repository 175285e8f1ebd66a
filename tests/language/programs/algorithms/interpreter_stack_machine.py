class VM:
    def __init__(self, program):
        self.program = program
        self.stack, self.variables, self.pc, self.output = [], {}, 0, []

    def op_push(self, value): self.stack.append(value)
    def op_add(self): b, a = self.stack.pop(), self.stack.pop(); self.stack.append(a + b)
    def op_mul(self): b, a = self.stack.pop(), self.stack.pop(); self.stack.append(a * b)
    def op_sub(self): b, a = self.stack.pop(), self.stack.pop(); self.stack.append(a - b)
    def op_store(self, name): self.variables[name] = self.stack.pop()
    def op_load(self, name): self.stack.append(self.variables[name])
    def op_print(self): self.output.append(self.stack.pop())
    def op_jump_if(self, target):
        if self.stack.pop():
            self.pc = target - 1

    def run(self):
        while self.pc < len(self.program):
            name, *args = self.program[self.pc]
            handler = getattr(self, "op_" + name, None)
            if handler is None:
                raise NameError(f"unknown instruction {name!r} at {self.pc}")
            handler(*args)
            self.pc += 1
        return self.output

factorial = [
    ("push", 5), ("store", "n"), ("push", 1), ("store", "acc"),
    ("load", "acc"), ("load", "n"), ("mul",), ("store", "acc"),
    ("load", "n"), ("push", 1), ("sub",), ("store", "n"),
    ("load", "n"), ("jump_if", 4), ("load", "acc"), ("print",),
]
vm = VM(factorial)
print(vm.run(), vm.variables)
try:
    VM([("push", 1), ("fly",)]).run()
except NameError as e:
    print(e)
