class A:
    def __init__(self):
        print("A init")
        self.trace = ["A"]

    def run(self):
        return ["A"]

class B(A):
    def __init__(self):
        print("B init")
        super().__init__()
        self.trace.append("B")

    def run(self):
        return ["B"] + super().run()

class C(A):
    def __init__(self):
        print("C init")
        super().__init__()
        self.trace.append("C")

    def run(self):
        return ["C"] + super(C, self).run()

class D(B, C):
    def __init__(self):
        super().__init__()
        self.trace.append("D")

    def run(self):
        return ["D"] + super().run()

d = D()
print(d.trace, d.run())
print(A.run(d), B.run(d))
