// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
// A chain of tail calls with a constant slot: what one costs.
#define HOOK "xdp"
#define CONTEXT xdp_md
#define VERDICT XDP_PASS
#define IS_DIRECT 1
#define HAS_CALL 0
#include "tail_call_chain.h"
