// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
// Drops every packet at lwt_in.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("lwt_in")
int drop(void *ctx)
{
	return BPF_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
