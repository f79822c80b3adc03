"""Holds `examples/load_network.py` to a trained network: every spike and every prediction.

torch_run.py NET.safetensors NET.input.npz NET.expected.npz
    (from `synfire export RUN --to safetensors --sample 0-99 --out NET.safetensors`)
Needs torch, safetensors and numpy; the results are in docs/formats.md.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open

sys.path.insert(0, str(Path(__file__).parents[2] / "examples"))
from load_network import run  # noqa: E402

network, given, expected = sys.argv[1:]
with safe_open(network, "pt") as file:
    outline = json.loads(file.metadata()["network"])
channels = next(p["size"] for p in outline["populations"] if p["name"] == outline["input"])
given, expected = dict(np.load(given)), dict(np.load(expected))
names = expected["populations"].tolist()
missing = extra = wrong = total = 0
largest = 0.0
for sample in range(int(given["samples"])):
    rows = given["sample"] == sample
    spikes = torch.zeros(int(given["steps"]), channels)
    for step, neuron, count in zip(*(given[name][rows] for name in ("step", "neuron", "count"))):
        spikes[step, neuron] += int(count)
    fired, potentials, _ = run(network, spikes)
    rows = expected["sample"] == sample
    columns = (expected[name][rows].tolist() for name in ("population", "step", "neuron"))
    wanted = {(names[population], step, neuron) for population, step, neuron in zip(*columns)}
    got = {
        (name, step, neuron)
        for name in {name for name, _, _ in wanted}
        for step, neuron in fired[name].nonzero().tolist()
    }
    missing, extra, total = missing + len(wanted - got), extra + len(got - wanted), total + len(wanted)
    output = next(int(name[9:]) for name in expected if name.startswith("potential"))
    largest = max(largest, np.abs(potentials.numpy() - expected[f"potential{output}"][sample]).max())
    own = potentials[: expected["own_steps"][sample]]
    prediction = torch.softmax(own, 1).sum(0).argmax().item()
    wrong += prediction != expected["predicted"][sample]
print(
    f"spikes expected {total}, missing {missing}, extra {extra}; predictions that differ {wrong} of "
    f"{int(given['samples'])}; largest potential difference {largest:.3g}"
)
sys.exit(bool(missing or extra or wrong))
