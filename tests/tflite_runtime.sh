#!/bin/sh
# tflite_runtime.sh PYTHON GOLDENS.PY ARGUMENT...: the golden cases in tflite-runtime 2.14, the oldest runtime that is promised. What it lacks it refuses by itself.
python=$1
shift
"$python" -c 'import tflite_runtime' 2>/dev/null || { echo "no tflite-runtime in $python: it has wheels for Python 3.9 to 3.11 only, and tests/run makes it where one is"; exit 77; }
exec "$python" "$@" --runtime tflite_runtime
