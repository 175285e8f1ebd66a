import numpy as np

x = np.linspace(-np.pi, np.pi, 5)
print(np.sin(x).round(3), np.cos(x).round(3), np.exp([0, 1]).round(4), np.log1p(np.array([0.0, 1.0])), np.sqrt([4, 9]), np.abs(x).max().round(3))
print(np.floor([-1.5, 2.7]), np.ceil([1.2]), np.rint([0.5, 1.5]), np.mod([5, -5], 3), np.power(2, [1, 2, 3]), np.hypot(3, 4), np.arctan2(1, 1))

def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def relu(z):
    return np.maximum(0, z)

def softmax(z):
    e = np.exp(z - np.max(z))
    return e / e.sum()

print(sigmoid(np.array([-1, 0, 1])).round(4), relu(np.array([-2, 3])), softmax(np.array([1.0, 2.0, 3.0])).round(4))
vec = np.vectorize(lambda a, b: a if a > b else b)
print(vec([1, 5], [3, 2]), np.apply_along_axis(lambda r: r.max() - r.min(), 1, np.array([[1, 9], [4, 6]])), np.frompyfunc(lambda v: v + 1, 1, 1)(np.array([1, 2])))
print(np.piecewise(x, [x < 0, x >= 0], [lambda v: -1, lambda v: 1]), np.select([x < -1, x > 1], ["low", "high"], "mid"), np.interp(0.5, [0, 1], [10, 20]))
print(np.add.reduce([1, 2, 3]), np.multiply.accumulate([1, 2, 3, 4]), np.add.outer([1, 2], [10, 20]), np.minimum.reduce([[3, 1], [2, 5]]))
with np.errstate(divide="ignore", invalid="ignore"):
    print(np.array([1.0, 0.0]) / 0)
np.fft.fft([1, 0, 0, 0]).real, np.fft.fftfreq(4)
