"""Times the official AutoAttack on this machine, for `npm run agreement` to compare with (REAT_OFFICIAL_TIMES).

The network, the images, seed, batch size and budgets are those of the golden numbers, whose robust images this run must have too.
Its package is not on PyPI: clone https://github.com/fra31/auto-attack and name the folder that holds `autoattack`.

    python3 bench/pytorch/official_autoattack.py --package ../auto-attack --golden ../shared/golden --data cifar-10.tar.gz --out official.json
    REAT_OFFICIAL_TIMES=official.json npm run agreement -- -t "the standard ensemble"
"""

import argparse
import io
import json
import re
import struct
import sys
import tarfile
from pathlib import Path

import numpy
import torch
from PIL import Image
from torch import nn

threads = 2


def read_weights(file):
    """The tensors of a safetensors file: the length of its header, the header, raw numbers."""
    data = file.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        first, last = (8 + length + offset for offset in entry["data_offsets"])
        tensors[name] = torch.frombuffer(bytearray(data[first:last]), dtype=torch.float32).reshape(entry["shape"])
    return tensors


class SmallCnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, 3, 1, 1)
        self.conv2 = nn.Conv2d(32, 64, 3, 2, 1)
        self.conv3 = nn.Conv2d(64, 128, 3, 2, 1)
        self.conv4 = nn.Conv2d(128, 128, 3, 2, 1)
        self.fc1 = nn.Linear(2048, 128)
        self.fc2 = nn.Linear(128, 10)

    def forward(self, images):
        maps = images
        for convolution in (self.conv1, self.conv2, self.conv3, self.conv4):
            maps = torch.relu(convolution(maps))
        return self.fc2(torch.relu(self.fc1(maps.flatten(1))))


def read_images(archive):
    """The first fifty test images of each class, uint8/255, and their labels."""
    pattern = re.compile(r"(?:^|/)test/([^/]+)/00([0-4]\d)\.\w+$")
    found = {}
    with tarfile.open(archive) as tar:
        for member in tar:
            match = pattern.search(member.name)
            if match:
                pixels = numpy.asarray(Image.open(io.BytesIO(tar.extractfile(member).read())).convert("RGB"))
                found[match.group(1), match.group(2)] = pixels.transpose(2, 0, 1)
    names = sorted(found)
    classes = sorted({name for name, _ in names})
    images = torch.from_numpy(numpy.stack([found[name] for name in names])).contiguous().float() / 255
    return images, torch.tensor([classes.index(name) for name, _ in names])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, about in [
        ("package", "folder that holds the package autoattack"),
        ("golden", "folder of autoattack.json and smallcnn.safetensors"),
        ("data", "archive of CIFAR-10 with a folder for each class"),
        ("out", "file to write"),
    ]:
        parser.add_argument(f"--{name}", type=Path, required=True, help=about)
    parser.add_argument("--norms", default="linf,l2")
    options = parser.parse_args()
    sys.path.insert(0, str(options.package))
    from autoattack import AutoAttack

    torch.set_num_threads(threads)
    golden = json.loads((options.golden / "autoattack.json").read_text())
    model = SmallCnn().eval()
    model.load_state_dict(read_weights(options.golden / "smallcnn.safetensors"))
    images, labels = read_images(options.data)
    times = {}
    for norm in options.norms.split(","):
        recorded = golden[norm]
        name, epsilon = {"linf": ("Linf", 8 / 255), "l2": ("L2", 0.5)}[norm]
        attack = AutoAttack(model, norm=name, eps=epsilon, version="standard", seed=recorded["seed"], device="cpu")
        seconds = {}
        log = attack.logger.log

        def timed(line, seconds=seconds, log=log):
            log(line)
            match = re.match(r"robust accuracy after (\S+): .*\(total time ([\d.]+) s\)", line)
            if match:
                seconds[match.group(1).lower()] = float(match.group(2)) - sum(seconds.values())

        attack.logger.log = timed
        found = attack.run_standard_evaluation(images, labels, bs=recorded["batch_size"])
        with torch.no_grad():
            standing = model(found).argmax(1) == labels
        robust = "".join(str(int(each)) for each in standing)
        if robust != recorded["sequence"]["robust"]:
            sys.exit(f"{norm}: the run ends with other robust images than the golden numbers, so its times are not of the same work.")
        times[norm] = {"torch": torch.__version__, "robust": robust, "seconds": seconds}
        options.out.write_text(json.dumps(times, indent=1) + "\n")


main()
