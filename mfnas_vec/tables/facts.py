"""Published facts that tables are checked against."""

#: Best test performance of each benchmark, percent (ELO-Lab/MF-NAS, README).
OPTIMUM = {
    "nb101": 94.31,
    "nb201-cifar10": 94.37,
    "nb201-cifar100": 73.51,
    "nb201-imagenet16": 47.31,
    "nbasr": 21.40,
}
