// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
// The empty sk_msg program: what a run costs that does nothing.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("sk_msg")
int nop(void *ctx)
{
	return SK_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
