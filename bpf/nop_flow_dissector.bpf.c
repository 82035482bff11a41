// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
// The empty flow dissector program: what a run costs that does nothing.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("flow_dissector")
int nop(void *ctx)
{
	return BPF_OK;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
