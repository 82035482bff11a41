// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
// The empty cgroup_device program: what a run costs that does nothing.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("cgroup/dev")
int nop(void *ctx)
{
	return 1 /* let it be */;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
