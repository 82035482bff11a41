// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
// Leaves every packet to the thread of the one processor, through an entry of a cpumap, which may have a program.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_CPUMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct bpf_cpumap_val);
} targets SEC(".maps");

SEC("xdp")
int redirect(struct xdp_md *ctx)
{
	return bpf_redirect_map(&targets, 0, 0);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
