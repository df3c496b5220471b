"""Makes the bench's networks, NAME.float16.tflite and NAME.int8.tflite, in the folder given; prints their paths. What is there and current is kept.

usage: python -m bench.models.get CACHE_FOLDER [NAME ...]"""
import hashlib
import pathlib
import sys
import time

from . import wheels

# Pretrained: name -> its file in the wheel, all with images in [0, 1] as input.
PRETRAINED = {
    "hand_landmark_full": "hand_landmark/hand_landmark_full.tflite",
    "palm_detection_full": "palm_detection/palm_detection_full.tflite",
    "pose_landmark_full": "pose_landmark/pose_landmark_full.tflite",
}
# Known architectures with seeded weights, inputs in [-1, 1]: height, width and channels of the input.
SEEDED = {"mobilenet_v1": (224, 224, 3), "mobilenet_v2": (224, 224, 3), "resnet50": (224, 224, 3)}
SMALL = {"ds_cnn": (49, 10, 1), "wake_words": (96, 96, 3)}


def stamp_of_scripts():
    """Changes with the scripts that make the networks, and with the versions of what they use."""
    here = pathlib.Path(__file__).resolve().parent
    files = [here / f"{stem}.py" for stem in ("flat", "get", "nets", "photos", "wheels", "widths")] + [here.parents[1] / "cmake" / "requirements.txt", wheels.PINS]
    return hashlib.sha256(b"".join(f.read_bytes() for f in files)).hexdigest()[:16]


def make(name, chosen, cache, out):
    """The network in the widths chosen, of widths.RECIPES."""
    from . import flat, nets, photos, widths

    files = {w: out / f"{name}.{w}.tflite" for w in chosen}
    single = out / f"{name}.float32.tflite"
    begin = time.monotonic()
    if name in PRETRAINED:
        half = out / f"{name}.float16.tflite"
        half.write_bytes(wheels.member(cache, "mediapipe", "mediapipe/modules/" + PRETRAINED[name]))
        model = widths.to_float32(flat.load(half))
        shape = model.subgraphs[0].tensors[model.subgraphs[0].inputs[0]].shape
        images = photos.samples(cache, int(shape[1]), int(shape[2]), 8)
    else:
        height, width, channels = (SEEDED | SMALL)[name]
        images = [x[..., :channels] for x in photos.samples(cache, height, width, 8, -1.0, 1.0)]
        model = getattr(nets, name)(images[:3])
        if "float16" in files:
            flat.save(widths.to_float16(model), files["float16"])
    widths.lift_dead_channels(model)
    flat.save(model, single)
    for width, path in files.items():
        if widths.RECIPES[width]:
            widths.quantize(single, path, widths.RECIPES[width], images)
    single.unlink()
    sizes = ", ".join(f"{w} {f.stat().st_size / 1e6:.2g} MB" for w, f in files.items())
    wheels.say(f"made {name}: {sizes}, in {time.monotonic() - begin:.1f} s")


def ensure(cache, name, chosen=("float16", "int8")):
    """{width: path} of the network in those widths, made where they are missing or out of date."""
    out = cache / "networks"
    out.mkdir(parents=True, exist_ok=True)
    stamp = out / f"{name}.stamp"
    want, there = stamp_of_scripts(), stamp.read_text().split() if stamp.exists() else []
    there = there[1:] if there[:1] == [want] else []
    missing = [w for w in chosen if w not in there]
    if missing:
        make(name, missing, cache, out)
        stamp.write_text(" ".join([want] + there + missing))
    return {w: out / f"{name}.{w}.tflite" for w in chosen}


def main():
    names = sys.argv[2:] or list(PRETRAINED) + list(SEEDED)
    known = list(PRETRAINED) + list(SEEDED) + list(SMALL)
    for name in names:
        if name not in known:
            sys.exit(f"no network is called {name}; there are: {' '.join(known)}")
    for name in names:
        for path in ensure(pathlib.Path(sys.argv[1]), name).values():
            print(path)


if __name__ == "__main__":
    main()
