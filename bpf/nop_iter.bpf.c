// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
// The empty iterator: what it takes to be called for each of the kernel's objects and do nothing.
// The kind in its section is what it is loaded for unless a loader says otherwise.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("iter/bpf_map")
int nop(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
