// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
// Drops every packet at a socket: how early, and how fast, is what the hook allows.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("socket")
int drop(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
