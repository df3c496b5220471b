"""Calibration images: crops of a photograph from a public wheel; smooth seeded patterns where it cannot be had."""
import io

import numpy as np

from . import wheels


def photograph(cache):
    """The photograph as float32 RGB in [0, 1], or None."""
    try:
        from PIL import Image

        data = wheels.member(cache, "matplotlib", "sample_data/grace_hopper.jpg")
        return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), np.float32) / 255
    except Exception as error:
        wheels.say(f"the photograph cannot be had ({error}): calibrating with seeded smooth patterns")
        return None


def resize(image, height, width):
    """Bilinear, corners aligned."""
    y, x = np.linspace(0, image.shape[0] - 1, height), np.linspace(0, image.shape[1] - 1, width)
    y0, x0 = np.minimum(y.astype(int), image.shape[0] - 2), np.minimum(x.astype(int), image.shape[1] - 2)
    fy, fx = (y - y0)[:, None, None], (x - x0)[None, :, None]
    top = image[y0][:, x0] * (1 - fx) + image[y0][:, x0 + 1] * fx
    low = image[y0 + 1][:, x0] * (1 - fx) + image[y0 + 1][:, x0 + 1] * fx
    return (top * (1 - fy) + low * fy).astype(np.float32)


def pattern(rng, height, width):
    """A few waves of low frequency in each colour, and a little noise."""
    y, x = np.mgrid[0:1:height * 1j, 0:1:width * 1j]
    out = np.zeros((height, width, 3))
    for c in range(3):
        for _ in range(4):
            out[:, :, c] += rng.uniform(0.2, 1) * np.cos(2 * np.pi * (rng.uniform(0, 3) * x + rng.uniform(0, 3) * y + rng.uniform()))
    out = (out - out.min()) / (out.max() - out.min())
    return np.clip(out + rng.normal(0, 0.03, out.shape), 0, 1).astype(np.float32)


def samples(cache, height, width, count, low=0.0, high=1.0):
    """count images of shape [1, height, width, 3] in [low, high]: random crops, mirrored now and then."""
    rng = np.random.default_rng(20261121)
    photo = photograph(cache)
    out = []
    for k in range(count):
        if photo is None:
            image = pattern(rng, height, width)
        else:
            side = int(min(photo.shape[:2]) * (1 if k == 0 else rng.uniform(0.3, 1)))
            y, x = rng.integers(0, photo.shape[0] - side + 1), rng.integers(0, photo.shape[1] - side + 1)
            image = resize(photo[y:y + side, x:x + side], height, width)
            image = image[:, ::-1] if k % 2 else image
        out.append(np.ascontiguousarray(image * (high - low) + low, np.float32)[None])
    return out
