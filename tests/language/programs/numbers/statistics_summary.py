import statistics as st
from statistics import mean, median, NormalDist

data = [2.5, 3.25, 5.5, 11.25, 11.75, 3.25]
print(mean(data), median(data), st.mode(data), st.multimode([1, 1, 2, 2, 3]), round(st.stdev(data), 5), round(st.pvariance(data), 5))
print(st.quantiles(range(1, 11), n=4), st.median_low([1, 3, 5, 7]), st.median_high([1, 3, 5, 7]), st.fmean([1, 2, 4]))
print(round(st.harmonic_mean([40, 60]), 3), round(st.geometric_mean([54, 24, 36]), 3))
x, y = [1, 2, 3, 4, 5], [2.1, 3.9, 6.2, 8.0, 9.8]
slope, intercept = st.linear_regression(x, y)
print(round(slope, 3), round(intercept, 3), round(st.correlation(x, y), 4), round(st.covariance(x, y), 3))
n = NormalDist(mu=100, sigma=15)
print(round(n.cdf(130), 4), round(n.inv_cdf(0.95), 2), n.mean, n + 5)
try:
    st.mean([])
except st.StatisticsError as e:
    print("StatisticsError:", e)
def z_scores(values):
    m, s = st.mean(values), st.stdev(values)
    return [round((v - m) / s, 2) for v in values]
z_scores([10, 12, 23, 23, 16, 23, 21, 16])
