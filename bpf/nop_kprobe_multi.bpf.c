// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
// The empty kprobe.multi program: what a run costs that does nothing.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("kprobe.multi")
int nop(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
