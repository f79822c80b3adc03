"""A network of synfire, the spikes that go into it, and what comes out.

Input, for `--input`: an .npz or a .csv (first line: the names of its columns) with

    step, neuron    when a source fires, counted from 0, and which of its neurons
    count           how many spikes at once, a whole number, 1 where the column is missing
    sample          the recording, counted from 0; 0 where the column is missing
    population      name of the source; can be missing where the network has only one

and, in an .npz, the single numbers `steps` and `samples`, where recordings end in silence. Equal
rows add up. Every recording starts at rest.

Output, for `--out`: an .npz or a .csv with `sample`, `population`, `step`, `neuron` of every spike of
a neuron. In an .npz, `population` is an index into `populations`, and `potentialI[sample, step,
neuron]` holds the potentials of each population I that does not fire.
"""

import argparse
import csv
from pathlib import Path
from types import SimpleNamespace

import numpy as np

# @PROVENANCE@
INTEGER = np.int64


def load_network(path):
    """The network in network.npz: spikes of `pre` at step t add `weight` to the input of `post` at
    step t + `delay_steps`, to which `bias` is added in every step."""
    with np.load(path) as file:
        arrays = dict(file)
    populations = [
        SimpleNamespace(index=index, name=str(name), size=int(size), **columns(arrays, f"population{index}_"))
        for index, (name, size) in enumerate(zip(arrays["populations"], arrays["sizes"]))
    ]
    for population in populations:
        population.is_source = not hasattr(population, "beta")
        population.fires = not population.is_source and bool(np.isfinite(population.threshold).all())
    projections = [
        SimpleNamespace(name=str(name), source=populations[source], target=populations[target], port=int(port),
                        **columns(arrays, f"projection{index}_"))
        for index, (name, source, target, port) in enumerate(
            zip(arrays["projections"], arrays["source"], arrays["target"], arrays["port"]))
    ]
    for projection in projections:
        for name in ("pre", "post", "delay_steps"):
            setattr(projection, name, getattr(projection, name).astype(INTEGER))
    longest = max((int(p.delay_steps.max()) for p in projections if p.pre.size), default=0)
    return SimpleNamespace(dt_ms=float(arrays["dt_ms"]), populations=populations, projections=projections,
                           longest_delay=longest)


def columns(arrays, prefix):
    return {name[len(prefix):]: array for name, array in arrays.items() if name.startswith(prefix)}


def read_input(path, network):
    """(`samples`, `steps`, {(sample, index of the source): (step, neuron, count)}), by ascending step,
    each neuron once per step."""
    table = read_table(path)
    for name in ("step", "neuron"):
        if name not in table:
            raise SystemExit(f"{path}: there is no column {name}; see --help for the layout")
    sources = {p.name: p for p in network.populations if p.is_source}
    step, neuron = (table[name].astype(INTEGER) for name in ("step", "neuron"))
    count = table.get("count", np.ones(step.size))
    if not (np.equal(count, np.round(count)).all() and (count >= 1).all()):
        raise SystemExit(f"{path}: a count is not a whole number of at least 1")
    sample = table.get("sample", np.zeros(step.size)).astype(INTEGER)
    if "population" in table:
        names = table["population"].astype(str)
    elif len(sources) == 1:
        names = np.full(step.size, list(sources)[0])
    else:
        raise SystemExit(f"{path}: the network has {len(sources)} sources, so `population` must name one")
    unknown = set(names) - set(sources)
    if unknown:
        raise SystemExit(f"{path}: there is no source {sorted(unknown)[0]}")
    if step.size and min(step.min(), sample.min()) < 0:
        raise SystemExit(f"{path}: steps and samples count from 0")
    steps = int(table.get("steps", step.max(initial=-1) + 1))
    samples = int(table.get("samples", sample.max(initial=-1) + 1))
    spikes = {}
    for name, source in sources.items():
        mine = names == name
        if mine.any() and not (0 <= neuron[mine].min() and neuron[mine].max() < source.size):
            raise SystemExit(f"{path}: {name} has neurons 0 to {source.size - 1}")
        for which in np.unique(sample[mine]):
            rows = mine & (sample == which)
            place, back = np.unique(step[rows] * source.size + neuron[rows], return_inverse=True)
            total = np.bincount(back, weights=count[rows]).astype(INTEGER)
            spikes[int(which), source.index] = (place // source.size, place % source.size, total)
    return samples, steps, spikes


def read_table(path):
    if not Path(path).is_file():
        raise SystemExit(f"{path}: there is no such file")
    if Path(path).suffix == ".npz":
        with np.load(path) as file:
            return dict(file)
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        raise SystemExit(f"{path}: there are no spikes in it")
    return {name: np.array([row[name] for row in rows]) if name == "population"
            else np.array([float(row[name]) for row in rows]) for name in rows[0]}


def write_output(path, network, samples, steps, spikes, potentials):
    """Writes `spikes`, a list of (sample, population, steps, neurons) with one array of neurons and
    either one array or one number of each of the others."""
    table = np.array([row for part in spikes for row in zip(*np.broadcast_arrays(*part))], INTEGER).reshape(-1, 4)
    table = table[(0 <= table[:, 2]) & (table[:, 2] < steps)]
    table = table[np.lexsort(table.T[[3, 1, 2, 0]])]
    names = [population.name for population in network.populations]
    if Path(path).suffix == ".npz":
        data = dict(zip(("sample", "population", "step", "neuron"), table.T))
        traces = {f"potential{index}": trace for index, trace in potentials.items()}
        np.savez(path, populations=names, samples=samples, steps=steps, **data, **traces)
    else:
        with open(path, "w", newline="") as file:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(["sample", "population", "step", "neuron"])
            rows.writerows([sample, names[population], step, neuron] for sample, population, step, neuron in table)
    print(f"{len(table)} spikes in {samples} recordings of {steps} steps: {path}")


def main(run, about, options=()):
    """Runs the script: `run(network, samples, steps, spikes, arguments)` gives spikes and potentials."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     epilog=__doc__)
    parser.add_argument("--input", required=True, help="spikes of the sources, .npz or .csv")
    parser.add_argument("--out", required=True, help="where the spikes of the neurons go, .npz or .csv")
    parser.add_argument("--steps", type=int, help="length of a recording; else that of the input")
    for name, settings in options:
        parser.add_argument(name, **settings)
    arguments = parser.parse_args()
    network = load_network(Path(__file__).with_name("network.npz"))
    samples, steps, spikes = read_input(arguments.input, network)
    steps = arguments.steps if arguments.steps is not None else steps
    write_output(arguments.out, network, samples, steps, *run(network, samples, steps, spikes, arguments))
