// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
// The empty LSM program: what a run costs that does nothing.
// The LSM hook in its section is what it is attached to unless a loader says otherwise.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("lsm/task_getpgid")
int nop(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
