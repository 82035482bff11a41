// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
// The empty congestion control: the three functions that TCP cannot do without, which change nothing.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct sock;

/* Of the kernel's structure those members that are set; libbpf finds them by name. */
struct tcp_congestion_ops {
	__u32 (*ssthresh)(struct sock *sk);
	void (*cong_avoid)(struct sock *sk, __u32 ack, __u32 acked);
	__u32 (*undo_cwnd)(struct sock *sk);
	char name[16];
};

/* For each acknowledgement. */
SEC("struct_ops/nop")
void nop(void *ctx)
{
}

/* After a loss: the stimulus has none. */
SEC("struct_ops/ssthresh")
int ssthresh(void *ctx)
{
	return 10;
}

SEC("struct_ops/undo_cwnd")
int undo_cwnd(void *ctx)
{
	return 10;
}

SEC(".struct_ops")
struct tcp_congestion_ops tollgate_nop = {
	.ssthresh = (void *)ssthresh,
	.cong_avoid = (void *)nop,
	.undo_cwnd = (void *)undo_cwnd,
	.name = "tollgate_nop",
};

char LICENSE[] SEC("license") = "Dual BSD/GPL";
