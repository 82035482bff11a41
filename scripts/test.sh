#!/usr/bin/env bash
# Sets up what building and testing need, and runs every check and every test. The last line is
# 'N passed, N failed'.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh test
# Beside another check out, the packages may be shared by a link; npm would empty them for both.
if [[ ! -L node_modules ]]; then npm ci --no-audit --no-fund; fi
npm test
