"""The protocols that searches are run under, by name."""

from mfnas_vec import protocols

GECCO2024 = "gecco2024"
CORRECTED = "corrected"
#: The decisions of each protocol that every optimizer follows.
RULES = {name: protocols.PROTOCOLS[name] for name in (GECCO2024, CORRECTED)}
PROTOCOLS = tuple(RULES)
