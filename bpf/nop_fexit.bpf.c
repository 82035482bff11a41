// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
// The empty fexit program: what a run costs that does nothing.
// The function in its section is what it is attached to unless a loader says otherwise.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("fexit/__x64_sys_getpgid")
int nop(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
