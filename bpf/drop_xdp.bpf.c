// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
// Drops every packet at XDP: how early, and how fast, is what the hook allows.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int drop(void *ctx)
{
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
