from mfnas_vec import open_table, run

table = open_table("nbgraph-cora")  # measured: 26,206 graph neural networks, trained on Cora
for proxy in ("params", "latency"):
    result = run("MF-NAS", table, n_run=500, seed=0, metric_stage1=proxy)
    test = result["test_performance"]
    print(f"{proxy:8} {float(test.mean()):.2f} ± {float(test.std()):.2f} % ({test.provenance})")
print(result.to_dataframe()[["arch", "search_score", "cost_epochs"]].head(3))
