"""Local search with escapes: first improvement (FLS) and best improvement (BLS).

Source: T. Den Ottelander et al., "Local Search is a Remarkably Strong Baseline for Neural
Architecture Search", EMO 2021, as MF-NAS uses it.
"""

from mfnas_vec._jit import njit, njit_inline
from mfnas_vec.kernels.genome import list_pair_variants, list_variants, sample, write_genes
from mfnas_vec.kernels.lookup import price_of, row_of
from mfnas_vec.kernels.rng import below, seed_run
from mfnas_vec.kernels.state import affordable, evaluate, start_tally, store, why_stopped, within


@njit_inline
def draw_escape(space, code, work):  # type: ignore[no-untyped-def]
    """A random valid code that differs in two genes, and its row."""
    n_gene = space.cardinality.size
    n_pair = n_gene * (n_gene - 1) // 2
    n = 0
    while n == 0:
        pair = below(work.rng, n_pair)
        i = 0
        while pair >= n_gene - 1 - i:
            pair -= n_gene - 1 - i
            i += 1
        n = list_pair_variants(space, code, work.genes, i, i + 1 + pair, work.variants, work.rows)
    chosen = below(work.rng, n)
    return work.variants[chosen], work.rows[chosen]


@njit_inline
def local_search(space, objective, budget, first_improvement, work, k, trace, run):  # type: ignore[no-untyped-def]
    """One run; returns its tally and leaves its ``k`` best architectures in ``work.top``."""
    rng, genes, left = work.rng, work.genes, work.left
    variants, rows = work.variants, work.rows
    n_gene = space.cardinality.size
    tally = start_tally()
    current = sample(space, rng)
    row = row_of(space, current)
    if not affordable(budget, 0, 0.0, price_of(objective, row)):
        return tally
    current_score, tally = evaluate(space, objective, budget, work, k, trace, run, tally, current, row)
    write_genes(space, current, genes)

    while within(budget, tally.n_eval, tally.seconds):
        moved = False
        n_left = n_gene
        for i in range(n_gene):
            left[i] = i
        while n_left > 0:
            j = below(rng, n_left)
            n_left -= 1
            gene = left[j]
            left[j] = left[n_left]
            before = current
            n = list_variants(space, current, genes, gene, variants, rows)
            while n > 0:
                j = below(rng, n)
                n -= 1
                code, row = variants[j], rows[j]
                variants[j], rows[j] = variants[n], rows[n]
                if not affordable(budget, tally.n_eval, tally.seconds, price_of(objective, row)):
                    return tally
                score, tally = evaluate(space, objective, budget, work, k, trace, run, tally, code, row)
                if score >= current_score:
                    current, current_score = code, score
                    moved = True
                    if first_improvement:
                        n = n_left = 0
            if current != before:
                genes[gene] += (current - before) // space.weight[gene]
        if not moved:
            code, row = draw_escape(space, current, work)
            if not affordable(budget, tally.n_eval, tally.seconds, price_of(objective, row)):
                return tally
            current = code
            current_score, tally = evaluate(space, objective, budget, work, k, trace, run, tally, code, row)
            write_genes(space, current, genes)
    return tally


@njit
def local_search_runs(  # type: ignore[no-untyped-def]
    space, objective, budget, first_improvement, work, seed, first_run, n_run, outcome, trace
):
    """``n_run`` runs of a seed from ``first_run`` on."""
    for run in range(n_run):
        seed_run(work.rng, seed, first_run + run)
        work.seen[:] = 0
        tally = local_search(space, objective, budget, first_improvement, work, 0, trace, run)
        store(outcome, run, tally, tally.n_eval * objective.epochs, why_stopped(budget, tally.n_eval))
