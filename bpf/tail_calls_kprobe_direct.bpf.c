// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
// A chain of tail calls with a constant slot at a function of the kernel: what one costs in place.
struct pt_regs;

#define HOOK "kprobe"
#define CONTEXT pt_regs
#define VERDICT 0
#define IS_DIRECT 1
#define HAS_CALL 0
#include "tail_call_chain.h"
