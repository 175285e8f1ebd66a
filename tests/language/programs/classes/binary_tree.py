class TreeNode:
    __slots__ = ("key", "left", "right")

    def __init__(self, key):
        self.key = key
        self.left = self.right = None

class BST:
    def __init__(self):
        self.root = None

    def insert(self, key):
        if self.root is None:
            self.root = TreeNode(key)
            return
        node = self.root
        while True:
            if key < node.key:
                if node.left is None:
                    node.left = TreeNode(key)
                    break
                node = node.left
            elif key > node.key:
                if node.right is None:
                    node.right = TreeNode(key)
                    break
                node = node.right
            else:
                break

    def in_order(self, node="root"):
        if node == "root":
            node = self.root
        if node:
            yield from self.in_order(node.left)
            yield node.key
            yield from self.in_order(node.right)

    def height(self):
        def h(n):
            return 0 if n is None else 1 + max(h(n.left), h(n.right))
        return h(self.root)

tree = BST()
for k in [50, 30, 70, 20, 40, 60, 80, 30]:
    tree.insert(k)
print(list(tree.in_order()), tree.height())
try:
    tree.root.colour = "red"
except AttributeError as e:
    print("AttributeError")
tree.root.left.key
