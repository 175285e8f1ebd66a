import numpy as np

rng = np.random.default_rng(0)
X = rng.normal(size=(200, 2))
true_w, true_b = np.array([2.0, -3.4]), 4.2
y = X @ true_w + true_b + rng.normal(scale=0.01, size=200)

class LinearRegression:
    def __init__(self, lr=0.1, epochs=200):
        self.lr, self.epochs = lr, epochs
        self.losses = []

    def fit(self, X, y):
        n, d = X.shape
        self.w, self.b = np.zeros(d), 0.0
        for epoch in range(self.epochs):
            error = self.predict(X) - y
            self.losses.append(float((error ** 2).mean()))
            self.w -= self.lr * 2 / n * X.T @ error
            self.b -= self.lr * 2 * error.mean()
        return self

    def predict(self, X):
        return X @ self.w + self.b

    def score(self, X, y):
        residual = ((y - self.predict(X)) ** 2).sum()
        return 1 - residual / ((y - y.mean()) ** 2).sum()

model = LinearRegression().fit(X, y)
print(model.w.round(2), round(float(model.b), 2), model.losses[0] > model.losses[-1], f"{model.score(X, y):.4f}")
exact, *_ = np.linalg.lstsq(np.column_stack([X, np.ones(len(X))]), y, rcond=None)
exact.round(2)
