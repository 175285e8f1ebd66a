class Node:
    def __init__(self, value, next=None):
        self.value = value
        self.next = next

class LinkedList:
    def __init__(self, items=()):
        self.head = None
        self._size = 0
        for item in items:
            self.append(item)

    def append(self, value):
        node = Node(value)
        if self.head is None:
            self.head = node
        else:
            cur = self.head
            while cur.next:
                cur = cur.next
            cur.next = node
        self._size += 1

    def __iter__(self):
        cur = self.head
        while cur is not None:
            yield cur.value
            cur = cur.next

    def __len__(self):
        return self._size

    def reverse(self):
        prev, cur = None, self.head
        while cur:
            cur.next, prev, cur = prev, cur, cur.next
        self.head = prev
        return self

    def __repr__(self):
        return " -> ".join(str(v) for v in self) + " -> None"

ll = LinkedList([1, 2, 3])
ll.append(4)
print(ll, len(ll))
print(ll.reverse())
print(list(ll), sum(ll), 3 in ll, sorted(ll))
ll.head.next.value += 10
first, *rest = ll
rest
