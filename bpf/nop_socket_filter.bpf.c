// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
// The empty socket filter program: what a run costs that does nothing.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("socket")
int nop(void *ctx)
{
	return -1 /* keep the whole packet */;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
