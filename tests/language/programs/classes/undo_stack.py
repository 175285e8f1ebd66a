class Editor:
    def __init__(self):
        self.text, self._undo, self._redo = "", [], []

    def _do(self, new):
        self._undo.append(self.text)
        self._redo.clear()
        self.text = new

    def insert(self, s, at=None):
        at = len(self.text) if at is None else at
        self._do(self.text[:at] + s + self.text[at:])

    def delete(self, start, stop):
        self._do(self.text[:start] + self.text[stop:])

    def undo(self):
        if not self._undo:
            raise IndexError("nothing to undo")
        self._redo.append(self.text)
        self.text = self._undo.pop()

    def redo(self):
        self._undo.append(self.text)
        self.text = self._redo.pop()

e = Editor()
e.insert("hello")
e.insert(" world")
e.delete(0, 1)
print(e.text)
e.undo(); e.undo()
print(e.text)
e.redo()
print(e.text)
try:
    while True:
        e.undo()
except IndexError as error:
    print(error, repr(e.text))
