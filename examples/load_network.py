"""Runs a network that synfire exported as safetensors, in PyTorch: load_network.py NETWORK SPIKES.npy"""
import json, sys, numpy, torch
from safetensors import safe_open


def run(path, spikes):
    """Runs a feed-forward network of LIF neurons and leaky integrators on spikes, [steps, channels] of counts.
    Returns spikes [steps, neurons] by population, potentials of the readout [steps, neurons], the prediction."""
    with safe_open(path, "pt") as file:
        network, tensors = json.loads(file.metadata()["network"]), {k: file.get_tensor(k) for k in file.keys()}
    steps, fired = len(spikes), {network["input"]: spikes.double()}
    for name, model in ((p["name"], p["dynamics"]) for p in network["populations"] if p["dynamics"]):
        assert f"{name}.rho" not in tensors and f"{name}.alpha" not in tensors, f"{name} is no LIF"
        beta, gain, bias, threshold, rest = (tensors.get(f"{name}.{k}") for k in
                                             ("beta", "gain", "bias", "threshold", "refractory_steps"))
        current, v, held, potentials, s = bias.repeat(steps, 1), 0 * beta, 0 * beta, [], []
        for p in (p for p in network["projections"] if p["target"] == name):
            x, w, d, pre, post = fired[p["source"]], *(tensors.get(f"{p['name']}.{k}") for k in
                                                       ("weight", "delay_steps", "pre", "post"))
            if pre is None:  # all pairs of neurons, [post, pre] or [post, pre, element]
                post, pre = torch.meshgrid(*map(torch.arange, d.shape), indexing="ij")[:2]
            for k in (k for k in d.unique() if k < steps):
                of_delay = torch.zeros(len(beta), x.shape[1]).double()
                of_delay.index_put_((post[d == k], pre[d == k]), w[d == k], accumulate=True)
                current[k:] += x[:steps - k] @ of_delay.T
        for t in range(steps):
            v = torch.where(held > 0, v, beta * v + gain * current[t])
            s.append((v >= threshold) & (held <= 0) if rest is not None else torch.zeros(len(v)).bool())
            if rest is not None:
                held = torch.where(s[-1], rest, held - 1)
                v = v - s[-1] * (v if model["firing"]["reset"] == "hard" else threshold)
            potentials.append(v)
        fired[name] = torch.stack(s).double()
        if name == network["output"]:
            readout = torch.stack(potentials)
    return fired, readout, torch.softmax(readout, 1).sum(0).argmax().item()


if __name__ == "__main__":
    print("prediction:", run(sys.argv[1], torch.tensor(numpy.load(sys.argv[2])))[2])
