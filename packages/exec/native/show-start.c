/* Prints how it was started: its arguments and the auxiliary vector as far as execve's rewriting shows in it.
   Build: gcc -O1 -static -nostdlib -fno-stack-protector -o show-start show-start.c */
#include <stdint.h>

static long call(long number, long a, long b, long c)
{
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return result;
}

static void put(const char *text)
{
    long length = 0;
    while (text[length])
        length++;
    call(1, 1, (long)text, length);
}

static void put_number(uint64_t value)
{
    char digits[21], *at = digits + 20;
    *at = 0;
    do
        *--at = '0' + value % 10;
    while ((value /= 10) != 0);
    put(at);
}

static void put_fact(const char *name, uint64_t value)
{
    put(name);
    put_number(value);
    put("\n");
}

__attribute__((used)) void start(uint64_t *stack)
{
    uint64_t argc = *stack++;
    for (uint64_t i = 0; i < argc; i++) {
        put("argument ");
        put((const char *)stack[i]);
        put("\n");
    }
    stack += argc + 1;
    while (*stack++)
        ;
    uint64_t before = 0;
    for (; stack[0]; stack += 2) {
        char first[9] = { 0 };
        switch (stack[0]) {
        case 2:
            put_fact("descriptor ", stack[1]);
            put_fact("descriptor follows ", before);
            {
                register long offset __asm__("r10") = 0;
                long got;
                __asm__ volatile("syscall" : "=a"(got) : "a"(17L), "D"(stack[1]), "S"(first), "d"(8L), "r"(offset) : "rcx", "r11", "memory");
            }
            put("descriptor holds ");
            put(first);
            put("\n");
            break;
        case 8: put_fact("flags ", stack[1]); break;
        case 11: put_fact("uid ", stack[1]); break;
        case 12: put_fact("euid ", stack[1]); break;
        case 13: put_fact("gid ", stack[1]); break;
        case 14: put_fact("egid ", stack[1]); break;
        case 23: put_fact("secure ", stack[1]); break;
        case 31:
            put("execfn ");
            put((const char *)stack[1]);
            put("\n");
            break;
        }
        before = stack[0];
    }
    call(60, 0, 0, 0);
}

__asm__(".globl _start\n_start: mov %rsp, %rdi\n and $-16, %rsp\n call start\n");
