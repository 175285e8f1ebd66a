# %%
import numpy as np
rng = np.random.default_rng(3)
samples = rng.normal(50, 5, 100)
samples.mean().round(2)
# %%
outliers = samples[np.abs(samples - samples.mean()) > 2 * samples.std()]
len(outliers)
# %%
samples[samples > 60] = 60
clipped = samples.max()
clipped
# %%
def summarize(a):
    return {"mean": round(float(a.mean()), 2), "p90": round(float(np.percentile(a, 90)), 2)}
summarize(samples)
# %%
table = np.array([[1.5, 2.0], [3.25, 4.0]])
table
# %%
table[0] += [10, 20]
table @ table.T
# %%
(table > 4).sum(), table.shape
