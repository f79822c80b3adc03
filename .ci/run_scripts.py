"""Runs the scripts that the example script_cases wrote into FOLDER, and compares every spike at its step.

    python .ci/run_scripts.py FOLDER [--only nest,brian2,pynn]

Needs numpy, and the simulators: nest-simulator, brian2, pynn. Ends with 1 if a spike is missing or too many, or a
potential is another.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

TOLERANCE = 1e-9


def rows_of(path, columns):
    lines = path.read_text().split("\n")[1:-1]
    return np.array([line.split(",") for line in lines], float).reshape(-1, columns)


def spikes_of(path):
    return set(map(tuple, rows_of(path, 4).astype(int).tolist()))


def compare(case, folder):
    """What differs, in words; None if nothing does."""
    expected = spikes_of(case / "spikes.csv")
    with np.load(folder / "out.npz") as file:
        out = dict(file)
    rows = np.column_stack([out[name] for name in ("sample", "population", "step", "neuron")])
    found = set(map(tuple, rows.tolist()))
    if len(found) != len(rows):
        return f"{len(rows) - len(found)} spikes twice"
    if found != expected:
        first = sorted(found ^ expected)[:5]
        return f"{len(expected - found)} spikes missing, {len(found - expected)} too many: {first}"
    potentials = rows_of(case / "potentials.csv", 5)
    apart = None
    for population in np.unique(potentials[:, 1]).astype(int):
        mine = potentials[potentials[:, 1] == population]
        sample, step, neuron = mine[:, [0, 2, 3]].astype(int).T
        apart = np.abs(out[f"potential{population}"][sample, step, neuron] - mine[:, 4]).max()
        if not apart < TOLERANCE:
            return f"potentials differ by {apart}"
    print(f"  {len(expected)} spikes, each at its step", end="")
    print("" if apart is None else f"; potentials differ by at most {apart:.1e}", end="")
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="nest,brian2,pynn")
    arguments = parser.parse_args()
    differing = 0
    for case in sorted(path for path in arguments.folder.iterdir() if path.is_dir()):
        for name in arguments.only.split(","):
            folder = case / f"{name}-script"
            print(f"{case.name} {name}:", end="", flush=True)
            if (folder / "refused.txt").exists():
                print("  refused:", (folder / "refused.txt").read_text())
                continue
            command = [sys.executable, folder / f"run_{name}.py", "--input", case / "input.csv", "--out",
                       folder / "out.npz", "--steps", (case / "steps.txt").read_text()]
            start = time.perf_counter()
            done = subprocess.run(command, capture_output=True, text=True)
            problem = compare(case, folder) if done.returncode == 0 else done.stdout[-500:] + done.stderr[-3000:]
            print(f"  {time.perf_counter() - start:.1f} s" + (f"  DIFFERS: {problem}" if problem else ""), flush=True)
            differing += problem is not None
    sys.exit(f"{differing} scripts differ" if differing else 0)


main()
