"""Attributes that explain a result to readers without this package."""

#: Attribute that explains a result or a store of results.
DESCRIPTION = "description"

RUNS = (
    "Simulated runs of architecture searches on a benchmark table. NaN is missing: a run that found no architecture "
    "has NaN in arch (a row of the table), code (of the genotype), search_score and test_performance. Numbers are "
    "measured in an experiment, computed from a definition or modelled (estimated): attributes named provenance say "
    "which, inputs what the search read. Numbers without provenance are counts of the simulated search and follow from "
    "what it read."
)
OVER_GRID = (
    RUNS + " Over optimizer and each varied setting: a setting that an optimizer does not have is NaN or n/a, infinity "
    "is no limit. Combinations that do not exist have exists false, NaN in every run, and n/a in place of texts."
)
TREE = "A group per problem, each with a description of its own."

#: Title of a result of one search: it stays true when results are joined.
TITLE = "Simulated runs of an architecture search"
#: Attribute of results and stores: the number of their form. 1, which had none, held -1 for missing numbers.
FORMAT = "result_format"
FORMAT_NUMBER = 2
#: Texts in place of what a combination does not have.
NOT_APPLICABLE = "n/a"
#: Scalar coordinates of the result of one search.
SCALARS = {
    "optimizer": {"long_name": "label of the optimizer"},
    "problem": {"long_name": "name of the table"},
    "settings": {"long_name": "all settings, as JSON"},
}

#: What the coordinates over optimizers and settings are.
COORDINATES = {
    "optimizer": "label of the optimizer",
    "exists": "whether the combination was run",
    "settings": "all settings, as JSON",
    "inputs": "what was read of the table: variable, @epochs of training, provenance; a JSON list",
    "inputs_digest": "digest of all scores, prices and test results that could be read",
    "search_metric": "metric that search_score is a value of",
    "search_units": "units of search_score",
    "search_direction": "whether search_score was maximized or minimized",
    "search_provenance": "provenance of search_score",
    "seconds_provenance": "provenance of cost_seconds",
    "protocol": "protocol of the combination",
    "selected_on": "what chose the answer of a run: the search metric, or the test result",
}
#: Which of them describe a variable further (as in the CF conventions).
ANCILLARY = {"search_score": "search_provenance", "cost_seconds": "seconds_provenance"}
ANCILLARY_GRID = ANCILLARY | {"search_score": "search_metric search_units search_direction search_provenance"}
