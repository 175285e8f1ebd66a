import numpy as np

t = np.arange(24)
signal = 10 + 3 * np.sin(2 * np.pi * t / 24) + np.where(t % 6 == 0, 1.5, 0)
window = np.ones(3) / 3
smooth = np.convolve(signal, window, mode="same")
print(signal[:6].round(2), smooth[1:5].round(2))
returns = np.diff(signal) / signal[:-1]
print(returns.mean().round(5), returns.std().round(5), (returns > 0).sum())
rolling = np.array([signal[i:i + 4].max() for i in range(len(signal) - 3)])
print(rolling[:5].round(2))
spectrum = np.abs(np.fft.rfft(signal - signal.mean()))
print(int(spectrum.argmax()), np.fft.rfftfreq(24)[spectrum.argmax()].round(4))
peaks = np.flatnonzero((signal[1:-1] > signal[:-2]) & (signal[1:-1] > signal[2:])) + 1
print(peaks, np.searchsorted(np.sort(signal), 10), np.digitize([5, 9, 12], [8, 10, 11]))
ema = np.empty_like(signal)
ema[0] = signal[0]
for i in range(1, len(signal)):
    ema[i] = 0.3 * signal[i] + 0.7 * ema[i - 1]
print(ema[-3:].round(3))
monthly = signal.reshape(4, 6).sum(axis=1)
monthly.round(1).tolist()
