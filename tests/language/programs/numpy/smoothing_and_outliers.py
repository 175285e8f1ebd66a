import numpy as np

rng = np.random.default_rng(8)
signal = np.sin(np.linspace(0, 3, 30)) + rng.normal(0, 0.05, 30)
signal[[5, 17]] += 3
median = np.median(signal)
mad = np.median(np.abs(signal - median))
outliers = np.abs(signal - median) / mad > 4
print(np.flatnonzero(outliers), round(float(median), 2))
clean = signal.copy()
for i in np.flatnonzero(outliers):
    clean[i] = (clean[i - 1] + clean[i + 1]) / 2
kernel = np.array([1, 2, 1]) / 4
smooth = np.convolve(clean, kernel, mode="valid")
print(smooth.shape, bool(smooth.std() < signal.std()), clean.max() < 1.2)
z = (clean - clean.mean()) / clean.std()
np.round(z[:3], 2), int((np.abs(z) > 2).sum())
