// SPDX-License-Identifier: GPL-2.0-or-later
// What our TCG plugins use of QEMU's interface, with its names; each version of the interface wants a build of its own
// (API: 1 for QEMU up to 8.x, 2 for 9.0, 3 from 9.1 on). The declarations follow QEMU's include/qemu/qemu-plugin.h, which
// Debian does not package.
#pragma once
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef uint64_t plugin_id;
struct tb;
struct insn;
#define QEMU __attribute__((visibility("default"))) extern
#define CB_NO_REGS 0
#define MEM_RW 3 /* QEMU 7.2 takes one for the other where only one is asked for */
QEMU size_t qemu_plugin_tb_n_insns(const struct tb *);
QEMU struct insn *qemu_plugin_tb_get_insn(const struct tb *, size_t);
QEMU uint64_t qemu_plugin_insn_vaddr(const struct insn *);
QEMU size_t qemu_plugin_insn_size(const struct insn *);
QEMU void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, void (*)(plugin_id, struct tb *));
QEMU void qemu_plugin_register_vcpu_tb_exec_cb(struct tb *, void (*)(unsigned, void *), int flags, void *);
QEMU void qemu_plugin_register_vcpu_insn_exec_cb(struct insn *, void (*)(unsigned, void *), int flags, void *);
QEMU void qemu_plugin_register_vcpu_mem_cb(struct insn *, void (*)(unsigned, uint32_t, uint64_t, void *), int flags,
					   int rw, void *);
QEMU _Bool qemu_plugin_mem_is_store(uint32_t info);
int qemu_plugin_version = API;

#if API < 3
QEMU const void *qemu_plugin_insn_data(const struct insn *);
static void read_code(struct insn *insn, uint8_t *to, size_t size) { memcpy(to, qemu_plugin_insn_data(insn), size); }
#else
QEMU size_t qemu_plugin_insn_data(const struct insn *, void *, size_t);
static void read_code(struct insn *insn, uint8_t *to, size_t size) { qemu_plugin_insn_data(insn, to, size); }
#endif
