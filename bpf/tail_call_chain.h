/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A chain of programs: step_N tail-calls step_N-1, and step_0 returns. All do the same but for how the slot is known, so
 * that what a longer chain costs more is what its calls cost. The including file says HOOK, CONTEXT and VERDICT, IS_DIRECT,
 * and HAS_CALL.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define CHAIN(step)                                                                                                 \
	step(1) step(2) step(3) step(4) step(5) step(6) step(7) step(8) step(9) step(10) step(11) step(12) step(13) \
	step(14) step(15) step(16) step(17) step(18) step(19) step(20) step(21) step(22) step(23) step(24) step(25) \
	step(26) step(27) step(28) step(29) step(30) step(31) step(32) step(33)

#define DECLARE(n) int step_##n(struct CONTEXT *ctx);
#define FILL(n) [n + 1] = &step_##n,

DECLARE(0)
CHAIN(DECLARE)

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 35);
	__uint(key_size, sizeof(__u32));
	__array(values, int(struct CONTEXT *));
} chain SEC(".maps") = {
	.values = { FILL(0) CHAIN(FILL) },
};

/* Always 0, which the verifier does not know. Step n lies in slot n + 1, so that every computed slot takes a sum. */
volatile __u32 first_slot;

static __noinline int nothing(struct CONTEXT *ctx)
{
	asm volatile("");
	return 0;
}

SEC(HOOK)
int step_0(struct CONTEXT *ctx)
{
	return VERDICT;
}

#define STEP(n)                                         \
	SEC(HOOK)                                       \
	int step_##n(struct CONTEXT *ctx)               \
	{                                               \
		__u32 first = first_slot;               \
                                                        \
		if (HAS_CALL)                           \
			nothing(ctx);                   \
		if (IS_DIRECT)                          \
			bpf_tail_call(ctx, &chain, n);     \
		else                                    \
			bpf_tail_call(ctx, &chain, first + n); \
		return VERDICT;                         \
	}

CHAIN(STEP)

char LICENSE[] SEC("license") = "Dual BSD/GPL";
