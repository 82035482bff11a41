// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
// The empty sk_skb programs: what a run costs that does nothing. A message is what there is.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("sk_skb/stream_parser")
int parse(struct __sk_buff *skb)
{
	return skb->len;
}

SEC("sk_skb/stream_verdict")
int nop(void *ctx)
{
	return SK_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
