from mfnas_vec import open_table, run
from mfnas_vec.report import Study, comparison_text, draw, save

table = open_table("nb201-cifar10")
genotype = table["genotype"]  # 0: none, 1: skip, 2: 1x1 and 3: 3x3 convolution, 4: pooling
score = 2 * (genotype == 3).sum("gene") + (genotype == 2).sum("gene") + (genotype == 1).sum("gene")
table["mine"] = score.astype(float).assign_attrs(long_name="operations, weighed", provenance="computed")

metrics = ("mine", "params", "jacov")
results = {metric: run("MF-NAS", table, n_run=500, metric_stage1=metric) for metric in metrics}
study = Study.of(results, table)
print(comparison_text(study.searches))
figure = draw("anytime", study)  # shown at the end of a notebook's cell
save(figure, "mine.svg", overwrite=True)
