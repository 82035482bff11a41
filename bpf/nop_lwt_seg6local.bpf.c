// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
// The empty lwt_seg6local program: what a run costs that does nothing.
// Its test run is gone since 6.11, and from stable kernels released after that.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("lwt_seg6local")
int nop(void *ctx)
{
	return BPF_OK;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
