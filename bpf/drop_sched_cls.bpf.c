// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
// Drops every packet at tc: how early, and how fast, is what the hook allows.
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int drop(void *ctx)
{
	return TC_ACT_SHOT;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
