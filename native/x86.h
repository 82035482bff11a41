// SPDX-License-Identifier: GPL-2.0-or-later
// What our TCG plugins need to know of x86-64's machine code: what kind the instruction is that ends a block, where a jump
// leads, and whether it is one that the guest marks a moment with.
#pragma once
#include "plugin.h"

#define INSN_BYTES_MAX 15
#define PAGE_BITS 12
#define KERNEL_SPACE (1ull << 63)
#define TAIL_CALL_LANDING_MAX 16 /* bytes into an image: X86_TAIL_CALL_OFFSET, endbr64 included */

enum kind { OTHER, CALL, RETURN, JUMP, REPEAT, CLOCK, ELSEWHERE, COME_BACK };

/* Its length in bytes; 0 of what is longer than an instruction can be. */
static inline size_t bytes_of(struct insn *insn, uint8_t code[INSN_BYTES_MAX + 1])
{
	size_t size = qemu_plugin_insn_size(insn);

	if (size > INSN_BYTES_MAX)
		return 0;
	read_code(insn, code, size);
	return size;
}

static inline int is_prefix(uint8_t byte)
{
	return byte == 0x26 || byte == 0x2e || byte == 0x36 || byte == 0x3e || (byte >= 0x64 && byte <= 0x67) ||
	       byte == 0xf2 || byte == 0xf3;
}

/* movs, cmps, stos, lods, scas */
static inline int is_string_op(uint8_t opcode)
{
	return (opcode >= 0xa4 && opcode <= 0xa7) || (opcode >= 0xaa && opcode <= 0xaf);
}

static inline enum kind kind_of(struct insn *insn)
{
	uint8_t code[INSN_BYTES_MAX + 1] = { 0 };
	size_t size = bytes_of(insn, code), i = 0;
	int repeats = 0;

	if (!size)
		return ELSEWHERE;
	for (; i < size && is_prefix(code[i]); i++)
		repeats |= code[i] == 0xf2 || code[i] == 0xf3;
	if (i < size && (code[i] & 0xf0) == 0x40)
		i++;
	if (repeats && is_string_op(code[i]))
		return REPEAT;
	if (code[i] == 0xe8 || (code[i] == 0xff && (code[i + 1] >> 3 & 7) == 2))
		return CALL;
	if (code[i] == 0xe9)
		return JUMP;
	if (code[i] == 0x0f && code[i + 1] == 0x31)
		return CLOCK;
	if (code[i] == 0xcf)
		return COME_BACK;
	/* jmp *X, sysret, sysexit */
	if ((code[i] == 0xff && (code[i + 1] >> 3 & 6) == 4) ||
	    (code[i] == 0x0f && (code[i + 1] == 0x07 || code[i + 1] == 0x35)))
		return ELSEWHERE;
	return code[i] == 0xc3 || code[i] == 0xc2 ? RETURN : OTHER;
}

/* A jump whose place is in the code; what leads elsewhere, or nowhere but on, is none. */
static inline int jumps_to(struct insn *insn, uint64_t *target)
{
	uint8_t code[INSN_BYTES_MAX + 1] = { 0 };
	size_t size = bytes_of(insn, code), i = 0;
	int32_t distance;

	if (!size)
		return 0;
	while (i < size && is_prefix(code[i]))
		i++;
	if (code[i] == 0xe9 || (code[i] == 0x0f && (code[i + 1] & 0xf0) == 0x80))
		memcpy(&distance, code + size - sizeof distance, sizeof distance);
	else if (code[i] == 0xeb || (code[i] & 0xf0) == 0x70 || (code[i] >= 0xe0 && code[i] <= 0xe3))
		distance = (int8_t)code[size - 1];
	else
		return 0;
	*target = qemu_plugin_insn_vaddr(insn) + size + distance;
	return 1;
}

/*
 * Whether a block's last instruction may go on in the next page: then QEMU has left it out, and begins the next block with
 * it. A repeated string instruction begins the next block, too, and has not been left out.
 */
static inline int may_be_cut(size_t insns, uint64_t last, enum kind kind)
{
	return insns > 1 && kind != REPEAT && last >> PAGE_BITS != (last + INSN_BYTES_MAX) >> PAGE_BITS;
}

/* A no-operation with a number of ours in it: what the guest executes to mark a moment, and what is called then. */
#define MARK_BYTES 7
struct moment {
	uint8_t code[MARK_BYTES];
	void (*called)(unsigned vcpu, void *data);
};

static inline void find_moments(struct tb *tb, size_t insns, const struct moment *moment, size_t moments)
{
	uint8_t code[MARK_BYTES];

	for (size_t i = 0; i < insns; i++) {
		struct insn *insn = qemu_plugin_tb_get_insn(tb, i);

		if (qemu_plugin_insn_size(insn) != sizeof code)
			continue;
		read_code(insn, code, sizeof code);
		for (size_t j = 0; j < moments; j++)
			if (!memcmp(code, moment[j].code, sizeof code))
				qemu_plugin_register_vcpu_insn_exec_cb(insn, moment[j].called, CB_NO_REGS, NULL);
	}
}
