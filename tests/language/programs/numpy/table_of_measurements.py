import numpy as np

data = np.array([[1.0, 20.5, 3], [2.0, np.nan, 4], [3.0, 22.5, 1], [4.0, 19.0, 2]])
times, temps, counts = data.T
print(times, temps, counts.astype(int))
valid = ~np.isnan(temps)
slope, intercept = np.polyfit(times[valid], temps[valid], 1)
print(f"slope {slope:.3f}, intercept {intercept:.3f}, mean {np.nanmean(temps):.2f}")
filled = np.where(valid, temps, np.interp(times, times[valid], temps[valid]))
print(filled, filled.argmax(), np.cumsum(counts))
weighted = np.average(filled, weights=counts)
print(round(float(weighted), 3), data[data[:, 2] > 2][:, 0])
header = ["t", "temp", "n"]
for row in data:
    print(", ".join(f"{h}={v:g}" for h, v in zip(header, row)))
data[np.argsort(-data[:, 2]), 0].tolist()
