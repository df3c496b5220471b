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
# Known architectures with seeded weights, images in [-1, 1].
SEEDED = {"mobilenet_v1": "mobilenet_v1", "mobilenet_v2": "mobilenet_v2", "resnet50": "resnet50"}


def stamp_of_scripts():
    """Changes with the scripts that make the networks, and with the versions of what they use."""
    here = pathlib.Path(__file__).resolve().parent
    files = [here / f"{stem}.py" for stem in ("flat", "get", "nets", "photos", "wheels", "widths")] + [here.parents[1] / "cmake" / "requirements.txt", wheels.PINS]
    return hashlib.sha256(b"".join(f.read_bytes() for f in files)).hexdigest()[:16]


def make(name, cache, out):
    from . import flat, nets, photos, widths

    half, byte, single = (out / f"{name}.{w}.tflite" for w in ("float16", "int8", "float32"))
    begin = time.monotonic()
    if name in PRETRAINED:
        half.write_bytes(wheels.member(cache, "mediapipe", "mediapipe/modules/" + PRETRAINED[name]))
        model = widths.to_float32(flat.load(half))
        shape = model.subgraphs[0].tensors[model.subgraphs[0].inputs[0]].shape
        images = photos.samples(cache, int(shape[1]), int(shape[2]), 8)
    else:
        images = photos.samples(cache, 224, 224, 8, -1.0, 1.0)
        model = getattr(nets, SEEDED[name])(images[:3])
        flat.save(widths.to_float16(model), half)
    widths.lift_dead_channels(model)
    flat.save(model, single)
    widths.to_int8(single, byte, images)
    single.unlink()
    wheels.say(f"made {name}: float16 {half.stat().st_size / 1e6:.1f} MB, int8 {byte.stat().st_size / 1e6:.1f} MB, in {time.monotonic() - begin:.1f} s")


def main():
    cache = pathlib.Path(sys.argv[1])
    out = cache / "networks"
    out.mkdir(parents=True, exist_ok=True)
    want = stamp_of_scripts()
    names = sys.argv[2:] or list(PRETRAINED) + list(SEEDED)
    for name in names:
        if name not in PRETRAINED and name not in SEEDED:
            sys.exit(f"no network is called {name}; there are: {' '.join(list(PRETRAINED) + list(SEEDED))}")
        stamp = out / f"{name}.stamp"
        if not stamp.exists() or stamp.read_text() != want:
            make(name, cache, out)
            stamp.write_text(want)
        print(out / f"{name}.float16.tflite")
        print(out / f"{name}.int8.tflite")


if __name__ == "__main__":
    main()
