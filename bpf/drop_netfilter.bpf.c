// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
// Drops every packet at netfilter.
// libbpf knows this section since 1.2: a loader with an older one sets type and attach type itself.
#include <linux/bpf.h>
#include <linux/netfilter.h>
#include <bpf/bpf_helpers.h>

SEC("netfilter")
int drop(void *ctx)
{
	return NF_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
