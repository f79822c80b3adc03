"""Holds `examples/load_network.py` to the clock engine: the same spikes, potentials and predictions.

torch_loader.py FOLDER   (from `cargo run -p synfire-exchange --example network_cases -- FOLDER`)
Needs torch, safetensors and numpy. Too large for every run of the checks; the results are in docs/formats.md.
"""
import json
import sys
from pathlib import Path

import safetensors
import torch

sys.path.insert(0, str(Path(__file__).parents[2] / "examples"))
from load_network import run  # noqa: E402

cases = sorted(Path(sys.argv[1]).glob("case_*"))
assert cases, "no cases in this folder"
total, largest = 0, 0.0
for case in cases:
    expected = json.loads((case / "expected.json").read_text())
    spikes = torch.zeros(expected["steps"], expected["populations"]["ears"]["size"])
    for channel, step in expected["input"]:
        spikes[step, channel] += 1
    fired, potentials, prediction = run(str(case / "network.safetensors"), spikes)
    for name, population in expected["populations"].items():
        if name == "ears":
            continue
        got = [[step, neuron] for step, neuron in fired[name].nonzero().tolist()]
        assert got == population["spikes"], f"{case.name}: spikes of {name} differ"
        total += len(got)
    reference = torch.tensor(expected["potentials"], dtype=torch.double)
    difference = (potentials - reference).abs().max().item()
    assert difference < 1e-12, f"{case.name}: potentials differ by {difference}"
    assert prediction == expected["prediction"], f"{case.name}: {prediction} != {expected['prediction']}"
    largest = max(largest, difference)
print(f"{len(cases)} networks, {total} spikes and all predictions equal, potentials to {largest:.1e}; "
      f"torch {torch.__version__}, safetensors {safetensors.__version__}")
