#!/usr/bin/env bash
# Sets up what the command line needs and runs Tollgate's main job on the sample project: a load balancer whose
# head executes one more instruction per packet than its base. Further arguments go to `check`, as
#   scripts/try.sh --kernel debian:6.12
set -euo pipefail
cd "$(dirname "$0")/.."

head=fixtures/lb/built/plus-1-insn
base=fixtures/lb/built/base

scripts/setup.sh run

printf 'try: checking %s against %s\n' "$head" "$base"
status=0
node dist/cli.js check --config "$head/tollgate.yml" --base "$base" "$@" || status=$?

case $status in
  1)
    printf 'try: over budget (exit code 1), as it should be: the head has one more instruction in xdp_lb\n'
    printf "try: (fixtures/lb/heads/plus-1-insn.patch), and the budget file says 'increase: 0'.\n"
    ;;
  0)
    printf 'try: within budget (exit code 0), which is wrong: the head costs one instruction more\n' >&2
    exit 1
    ;;
  *)
    printf "try: no verdict (exit code %s); 'node dist/cli.js doctor' says what this machine lacks\n" "$status" >&2
    exit "$status"
    ;;
esac
