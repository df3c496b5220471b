#!/bin/sh
# exports.sh LIBRARY: nothing but the plugin's, LiteRT's and the public symbols is exported, and all of them are.
want='HalfbyteDelegateCreate HalfbyteDelegateDelete HalfbyteDelegateOptionsDefault HalfbyteListDevices LiteRtAcceleratorImpl tflite_plugin_create_delegate tflite_plugin_destroy_delegate'
got=$(nm -D --defined-only "$1" | awk '{print $3}' | LC_ALL=C sort | tr '\n' ' ' | sed 's/ $//')
[ "$got" = "$want" ] && exit 0
echo "exported: $got"
echo "expected: $want"
exit 1
