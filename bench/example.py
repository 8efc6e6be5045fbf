from mfnas_vec import open_table, run

table = open_table("nb201-cifar10")
for metric in ("params", "synflow"):
    result = run("MF-NAS", table, n_run=500, seed=0, metric_stage1=metric)
    test = result["test_performance"]
    print(f"{metric:8} {float(test.mean()):.2f} ± {float(test.std()):.2f} % ({test.provenance})")
print(result[["arch", "search_score", "cost_seconds"]].isel(run=[0, 1, 2]).to_dataframe())
