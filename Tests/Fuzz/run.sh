#!/bin/sh
# Builds the fuzzer of the wire with libFuzzer and AddressSanitizer and runs it.
#
#   Tests/Fuzz/run.sh [runs] [folder for the build and the corpus]
#
# Without a number of runs it goes on for FUZZ_SECONDS, 60 if that is not set. FUZZ_SEED repeats a run with its corpus.
# FUZZ_SANITIZERS=fuzzer leaves AddressSanitizer out, which is several times faster; Swift's own checks of bounds and
# overflow and the fuzzer's own of what must hold are there in both.
#
# SwiftPM cannot link libFuzzer's main with its default linker, so the three modules are compiled here.
set -eu
if [ $# -gt 0 ]; then length="-runs=$1"; else length="-max_total_time=${FUZZ_SECONDS:-60}"; fi
root="$(cd "$(dirname "$0")/../.." && pwd)"
work="${2:-$root/.build/fuzz}"
mkdir -p "$work/corpus"
cd "$work"

flags="-O -swift-version 6 -package-name holdfast -sanitize=${FUZZ_SANITIZERS:-fuzzer,address} -I $work
    -enable-upcoming-feature ExistentialAny -enable-upcoming-feature InternalImportsByDefault
    -enable-upcoming-feature MemberImportVisibility"
kit="$(find "$root/Sources/WorkflowKit/JSON" "$root/Sources/WorkflowKit/Time" -name '*.swift')
    $root/Sources/WorkflowKit/RPC/JSONSchema.swift $root/Sources/WorkflowKit/RPC/JSONSchema+Checking.swift
    $root/Sources/WorkflowKit/RPC/JSONSchema+Document.swift $root/Sources/WorkflowKit/RPC/RPCError.swift
    $root/Sources/WorkflowKit/SQL/SQLError.swift"
wire="$(find "$root/Sources/RPCServer/Wire" -name '*.swift') $root/Tests/Fuzz/FuzzedConnection.swift"

# shellcheck disable=SC2086
swiftc $flags -parse-as-library -wmo -emit-object -emit-module -module-name WorkflowKit $kit -o WorkflowKit.o
# shellcheck disable=SC2086
swiftc $flags -parse-as-library -wmo -emit-object -emit-module -module-name RPCWire $wire -o RPCWire.o
# shellcheck disable=SC2086
swiftc $flags -parse-as-library "$root/Tests/Fuzz/WireFuzz.swift" WorkflowKit.o RPCWire.o -o wire-fuzz

if [ -z "$(ls -A corpus)" ]; then
    printf ' {"jsonrpc":"2.0","id":1,"method":"m","params":{"text":"x","count":1,"at":"2026-03-01T09:30:00Z"}}\n' > corpus/one
    printf ' [{"jsonrpc":"2.0","method":"m","params":[]},{"jsonrpc":"2.0","id":"a","result":{}},1]\r\n\r\n{}' > corpus/batch
    printf ' {"jsonrpc":"2.0","id":-1.5e3,"method":"\\u006d","params":{"text":"","contacts":[{"email":"e"}]}}' > corpus/nested
    # The first byte puts the rest in the place of an id or of the parameters.
    printf '\201-1.50e+3' > corpus/number-id
    printf '\205"\\u0061\\ud83d\\ude00\303\251"' > corpus/text-id
    printf '\301{"text":"x","at":"2026-03-01T09:30:00Z","contacts":[{"email":"e"},{}]}' > corpus/params
fi
# What Swift's statics hold at the end is no leak; one that grows meets the limit of memory.
export ASAN_OPTIONS="detect_leaks=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
exec ./wire-fuzz corpus -dict="$root/Tests/Fuzz/dictionary.txt" "$length" -max_len=512 -timeout=5 \
    -rss_limit_mb=1024 -print_final_stats=1 ${FUZZ_SEED:+-seed="$FUZZ_SEED"}
