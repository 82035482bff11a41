// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
// The empty sk_reuseport program: what a run costs that does nothing.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("sk_reuseport")
int nop(void *ctx)
{
	return SK_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
