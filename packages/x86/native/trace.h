// What the two halves of the tracer share: the child, the stream, and the memory half's calls.
#ifndef TRACE_H
#define TRACE_H
#define _GNU_SOURCE
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

extern pid_t child;
extern FILE *out;

_Noreturn void die(const char *what);
void put(const void *bytes, size_t length);
void put16(uint16_t value);
void put32(uint32_t value);
void put64(uint64_t value);

void open_memory(void);
/** Tells all of the memory: records 'M' and 'W'. */
void begin_memory(void);
size_t read_child(uint64_t address, void *target, size_t length);
int write_child(uint64_t address, const void *bytes, size_t length);
/** Tells the pages that the program has written since the last call, for comparison: records 'P'. */
void tell_written_pages(void);
/**
 * Tells what the kernel changed: records 'U', 'M', 'A', 'W'. What lies in [start, start + length) is new whatever it looks like.
 * Returns 1 when code may have changed that was there before.
 */
int tell_kernel_changes(uint64_t start, uint64_t length);
/** Whether the bytes at an address can change without a system call: they are writable, or shared and so written elsewhere. */
int may_change(uint64_t address);
#endif
