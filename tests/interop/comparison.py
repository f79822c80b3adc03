"""Compare a program's spikes, potentials and classes with the expected ones.

Usage: python comparison.py OUT.npz EXPECTED.npz

Both files hold one row per spike in the columns `sample`, `population`, `step` and `neuron`, where
`population` indexes the names in `populations`, and an array `potentialI[sample, step, neuron]`
for each population I that does not fire. EXPECTED.npz also holds `own_steps[sample]`, how many
steps the class is read from. Populations are matched by name. The exit code is 1 if a spike or a
class differs, or a potential by more than TOLERANCE.
"""

import sys

import numpy as np

COLUMNS = ("sample", "population", "step", "neuron")
TOLERANCE = 1e-9
LISTED = 10


def spike_rows(table, names):
    """Return one row (sample, population by `names`, step, neuron) per spike."""
    order = np.array([names.index(str(name)) for name in table["populations"]], dtype=np.int64)
    sample, population, step, neuron = (np.asarray(table[column]) for column in COLUMNS)
    rows = np.stack([sample, order[population], step, neuron], axis=1)
    if rows.size and rows.min() < 0:
        raise ValueError("A column of the spikes holds a negative number.")
    return rows


def difference(left, right):
    """Return the rows that `left` holds more often than `right`, once for each surplus."""
    shape = np.maximum(left.max(axis=0, initial=0), right.max(axis=0, initial=0)) + 1
    keys, counts = np.unique(np.ravel_multi_index(left.T, shape), return_counts=True)
    others, other_counts = np.unique(np.ravel_multi_index(right.T, shape), return_counts=True)
    present = np.isin(keys, others, assume_unique=True)
    counts[present] -= other_counts[np.isin(others, keys, assume_unique=True)]
    surplus = np.repeat(keys, np.maximum(counts, 0))
    return np.stack(np.unravel_index(surplus, shape), axis=1)


def classes(potential, own_steps):
    """Return per sample the argmax of the softmax of the potentials summed over its own steps."""
    odds = np.exp(potential - potential.max(axis=2, keepdims=True))
    odds /= odds.sum(axis=2, keepdims=True)
    own = np.arange(potential.shape[1]) < np.asarray(own_steps)[:, None]
    return (odds * own[:, :, None]).sum(axis=1).argmax(axis=1)


def compare(out, expected, margins=None):
    """Print the counts of what differs and return whether nothing does.

    `out` and `expected` are mappings as described above. `margins` may give, per name of a
    population, |v - threshold| as an array [sample, step, neuron]; differing spikes list it.
    """
    names = [str(name) for name in expected["populations"]]
    out_names = [str(name) for name in out["populations"]]
    union = names + [name for name in out_names if name not in names]
    wanted, found = spike_rows(expected, union), spike_rows(out, union)
    missing, extra = difference(wanted, found), difference(found, wanted)
    silent = [index for index in range(len(names)) if f"potential{index}" in expected]
    largest, differing, readouts = 0.0, 0, []
    for index in silent:
        potential = np.asarray(expected[f"potential{index}"])
        own = np.asarray(out[f"potential{out_names.index(names[index])}"])
        if own.shape != potential.shape:
            raise ValueError(f"The potentials of {names[index]} have the shape {own.shape}, "
                             f"but {potential.shape} is expected.")
        gap = np.abs(own - potential).max(initial=0.0)
        largest = np.inf if np.isnan(gap) else max(largest, gap)
        readouts.append(own)
    if readouts:
        predicted = classes(readouts[-1], expected["own_steps"])
        differing = int((predicted != np.asarray(expected["predicted"])).sum())
    print(f"spikes expected {len(wanted)}, missing {len(missing)}, extra {len(extra)}; predictions "
          + (f"that differ {differing} of {len(predicted)}; largest potential difference "
             f"{largest:.3g}" if readouts else "and potentials not compared: EXPECTED holds none"))
    for kind, rows in (("missing", missing), ("extra", extra)):
        for sample, population, step, neuron in rows[np.argsort(rows[:, 2])][:LISTED]:
            name = union[population]
            margin = (margins or {}).get(name)
            note = "" if margin is None else f", |v - threshold| {margin[sample, step, neuron]:.3g}"
            print(f"  {kind}: sample {sample}, {name}, step {step}, neuron {neuron}{note}")
    return not (len(missing) or len(extra) or differing or largest > TOLERANCE)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("Usage: python comparison.py OUT.npz EXPECTED.npz")
    with np.load(sys.argv[1]) as out_file, np.load(sys.argv[2]) as expected_file:
        sys.exit(0 if compare(dict(out_file), dict(expected_file)) else 1)
