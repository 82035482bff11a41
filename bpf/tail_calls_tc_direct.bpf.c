// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
// A chain of tail calls with a constant slot: what one costs.
#include <linux/pkt_cls.h>

#define HOOK "tc"
#define CONTEXT __sk_buff
#define VERDICT TC_ACT_OK
#define IS_DIRECT 1
#define HAS_CALL 0
#include "tail_call_chain.h"
