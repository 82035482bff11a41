// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
// The empty sk_lookup program: what a run costs that does nothing.
// Before libbpf 1.0 the section was "sk_lookup/": a loader with an older one sets type and attach type itself.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("sk_lookup")
int nop(void *ctx)
{
	return SK_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
