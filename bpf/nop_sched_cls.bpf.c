// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
// The empty tc classifier program: what a run costs that does nothing.
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int nop(void *ctx)
{
	return TC_ACT_OK;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
