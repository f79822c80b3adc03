"""Holds imported weights to the network that they were trained in: the delay-learning reference with DCLS and
SpikingJelly, deployed as it deploys itself, and `exchange/examples/imported_weights.rs`.

torch_weights.py PROGRAM FOLDER   (PROGRAM: the example imported_weights, built)
Needs torch, DCLS, spikingjelly, safetensors. Too large for every run of the checks; the results are in docs/formats.md.
"""

import copy
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from DCLS.construct.modules import Dcls1d
from safetensors.torch import save_file
from spikingjelly.activation_based import functional, neuron

program, folder = sys.argv[1], Path(sys.argv[2])
folder.mkdir(parents=True, exist_ok=True)
TAU = 1.005


class Net(nn.Module):
    def __init__(self, sizes, kernel, elements):
        super().__init__()
        self.kernel = kernel
        lif = lambda threshold: neuron.LIFNode(tau=TAU, decay_input=False, v_threshold=threshold, v_reset=0.0,  # noqa: E731
                                               step_mode="m", store_v_seq=threshold > 10)
        self.syn = nn.ModuleList(Dcls1d(i, o, kernel_count=elements, groups=1, dilated_kernel_size=kernel, bias=False,
                                        version="gauss") for i, o in zip(sizes[:-1], sizes[1:]))
        self.norm = nn.ModuleList(nn.BatchNorm1d(size) for size in sizes[1:-1])
        self.lif = nn.ModuleList(lif(1.0) for _ in sizes[1:-1])
        self.out = lif(1e9)
        for layer in self.syn:
            nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
            nn.init.uniform_(layer.P, -(kernel // 2) - 1, kernel // 2)
            layer.clamp_parameters()
            # Halves are where rounding could go the other way.
            with torch.no_grad():
                layer.P[..., ::3] = (2 * layer.P[..., ::3]).round() / 2

    def current(self, layer, x):
        return layer(F.pad(x.permute(1, 2, 0), (self.kernel - 1, self.kernel // 2))).permute(2, 0, 1)

    def forward(self, x):
        spikes = []
        for layer, norm, lif in zip(self.syn[:-1], self.norm, self.lif):
            i = self.current(layer, x)
            x = lif(norm(i.flatten(0, 1)).view_as(i))
            spikes.append(x)
        self.out(self.current(self.syn[-1], x))
        return spikes, self.out.v_seq


def deployed(net):
    net = copy.deepcopy(net).eval()
    with torch.no_grad():
        for layer in net.syn:
            layer.version = layer.DCK.version = "max"
            layer.SIG *= 0
            layer.P.round_()
            layer.clamp_parameters()
    return net


for seed, (sizes, kernel, elements) in enumerate([((20, 32, 32, 5), 25, 1), ((12, 24, 6), 11, 2), ((140, 256, 256, 20), 25, 1)]):
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    net = Net(sizes, kernel, elements)
    samples = []
    for _ in range(6):
        steps = int(rng.integers(30, 60))
        events = [[int(rng.integers(sizes[0])), int(rng.integers(steps))] for _ in range(8 * sizes[0])]
        samples.append({"steps": steps, "events": events})
    inputs = []
    for sample in samples:
        x = torch.zeros(sample["steps"], 1, sizes[0])
        for channel, step in sample["events"]:
            x[step, 0, channel] += 1
        inputs.append(x)
    net.train()
    with torch.no_grad():
        # Running statistics as training leaves them.
        for _ in range(20):
            for x in inputs:
                net(x)
                functional.reset_net(net)
        for norm in net.norm:
            norm.weight.uniform_(0.7, 1.3)
            norm.bias.uniform_(-0.2, 0.2)
    state = {name: tensor.clone().contiguous() for name, tensor in net.state_dict().items()}
    save_file(state, folder / f"weights_{seed}.safetensors")
    np.savez_compressed(folder / f"weights_{seed}.npz", **{name: tensor.numpy() for name, tensor in state.items()})
    (folder / f"input_{seed}.json").write_text(json.dumps(samples))
    results = []
    for ending in ("safetensors", "npz"):
        output = folder / f"output_{seed}_{ending}.json"
        subprocess.run([program, folder / f"weights_{seed}.{ending}", str(kernel - 1), folder / f"input_{seed}.json", output], check=True)
        results.append(json.loads(output.read_text()))
    assert results[0]["samples"] == results[1]["samples"], "the two formats differ"
    for dtype in (torch.float64, torch.float32):
        reference = deployed(net).to(dtype)
        counts = {"spikes": 0, "differing": 0, "predictions": 0, "potential": 0.0}
        for x, ours in zip(inputs, results[0]["samples"]):
            with torch.no_grad():
                spikes, v = reference(x.to(dtype))
            functional.reset_net(reference)
            for theirs, own in zip(spikes, ours["spikes"]):
                got = {(step, n) for step, _, n in theirs.nonzero().tolist()}
                counts["spikes"] += len(got)
                counts["differing"] += len(got ^ {tuple(spike) for spike in own})
            own = torch.tensor(ours["potentials"], dtype=torch.float64)
            theirs = v[:, 0].double()
            assert own.shape == theirs.shape, (own.shape, theirs.shape)
            counts["potential"] = max(counts["potential"], (own - theirs).abs().max().item())
            score = lambda v: torch.softmax(v, 1).sum(0).argmax().item()  # noqa: E731
            counts["predictions"] += score(own) == score(theirs)
        assert counts["predictions"] == len(samples), counts
        print(f"{sizes}, kernel {kernel}, {elements} element(s), {dtype}: {counts}")
