#!/bin/sh
# hardening.sh LIBRARY BUILD_TYPE: what the linker and the compiler were asked for is there, and nothing is imported that a guest in somebody's process must not use.
# atexit is used once: to notice that the process ends, because OpenCL's state may be gone by then (delegate/delegate.c).
library=$1
bad=0
fail() { echo "FAILED: $1"; bad=1; }
[ -e "$library" ] || { echo "no library at $library"; exit 1; }
segments=$(readelf -lW "$library")
dynamic=$(readelf -dW "$library")
imports=$(nm -D --undefined-only "$library" | awk '{print $2}' | sed 's/@.*//' | sort -u)
[ -n "$imports" ] || fail "nm lists no imports"
echo "$segments" | grep GNU_STACK | grep -q 'RW ' || fail "the stack is executable"
echo "$segments" | grep -q GNU_RELRO || fail "no RELRO"
echo "$segments" | awk '$1 == "LOAD"' | grep -q 'RWE' && fail "a segment is writable and executable"
echo "$dynamic" | grep -q BIND_NOW || fail "symbols are bound late, so RELRO is partial"
echo "$dynamic" | grep -Eq 'TEXTREL|RPATH|RUNPATH' && fail "text relocations or a search path"
echo "$dynamic" | grep NEEDED | grep -vE 'lib(c|m|dl|pthread)\.so|ld-linux' && fail "it needs other libraries than the C library's"
for name in abort _exit exit quick_exit signal sigaction raise kill system popen execve fork setenv putenv unsetenv stdout printf puts putchar __printf_chk gets strcpy strcat sprintf vsprintf tmpnam mktemp rand srand; do
    echo "$imports" | grep -qx "$name" && fail "it uses $name"
done
if [ "${2:-}" = Release ]; then
    for name in __stack_chk_fail __memcpy_chk __snprintf_chk; do
        echo "$imports" | grep -qx "$name" || fail "no $name: is the stack protector or FORTIFY off?"
    done
fi
[ $bad = 0 ] && echo "hardened"
exit $bad
