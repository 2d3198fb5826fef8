"""Writes resized-crop.json: windows of an image as Pillow cuts, mirrors and scales them (torchvision's RandomResizedCrop on such images)."""
import json
import os

import numpy
import PIL
from PIL import Image, ImageOps

HEIGHT, WIDTH, SIDE = 23, 31, 12
WINDOWS = [  # top, left, height, width, mirrored
    (0, 0, 23, 31, False),
    (3, 5, 17, 20, True),
    (9, 2, 5, 7, False),
    (1, 18, 22, 13, True),
    (4, 4, 12, 12, False),
    (22, 30, 1, 1, False),
]

image = numpy.random.default_rng(7).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=numpy.uint8)
cases = []
for top, left, height, width, mirrored in WINDOWS:
    window = Image.fromarray(image).crop((left, top, left + width, top + height))
    if mirrored:
        window = ImageOps.mirror(window)
    scaled = numpy.asarray(window.resize((SIDE, SIDE), Image.BILINEAR))
    box = {"top": top, "left": left, "height": height, "width": width, "mirrored": mirrored}
    cases.append({"window": box, "planes": scaled.transpose(2, 0, 1).ravel().tolist()})

record = {
    "pillow": PIL.__version__,
    "height": HEIGHT,
    "width": WIDTH,
    "side": SIDE,
    "planes": image.transpose(2, 0, 1).ravel().tolist(),
    "cases": cases,
}
with open(os.path.join(os.path.dirname(__file__), "resized-crop.json"), "w") as out:
    json.dump(record, out)
    out.write("\n")
