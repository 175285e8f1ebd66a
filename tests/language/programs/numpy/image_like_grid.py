import numpy as np

image = np.zeros((6, 8), dtype=np.uint8)
image[1:4, 2:6] = 200
image[2, 3] = 50
print(image)
padded = np.pad(image.astype(float), 1, mode="edge")
blurred = sum(padded[i:i + 6, j:j + 8] for i in range(3) for j in range(3)) / 9
print(blurred.round(0).astype(int))
edges = np.abs(np.diff(image.astype(int), axis=1)) > 100
print(np.argwhere(edges)[:4].tolist(), edges.sum())
rows, cols = np.where(image > 100)
print("box", rows.min(), rows.max(), cols.min(), cols.max(), "centroid", rows.mean(), cols.mean())
print(np.rot90(image[:3, :4]), np.flipud(image)[0], np.fliplr(image)[1], image.T.shape, sep="\n")
small = image.reshape(3, 2, 4, 2).mean(axis=(1, 3))
print(small, np.roll(small, 1, axis=0)[0], small.argmax(), sep="\n")
values, counts = np.unique(image, return_counts=True)
dict(zip(values.tolist(), counts.tolist()))
