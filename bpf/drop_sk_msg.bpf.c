// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
// Drops everything that a socket of a sockmap sends.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("sk_msg")
int drop(void *ctx)
{
	return SK_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
