# Writes its initial stack, from rsp to the top, to standard output: what the kernel's create_elf_tables made.
# Build: gcc -nostdlib -static -o dump-stack dump-stack.S (or -static-pie; nothing here needs relocation)
        .globl _start
        .text
_start:
        mov     $0x7ffffffff000, %rdx
        sub     %rsp, %rdx
        mov     %rsp, %rsi
        mov     $1, %edi
        mov     $1, %eax
        syscall
        xor     %edi, %edi
        mov     $60, %eax
        syscall
        .section .note.GNU-stack, "", @progbits
