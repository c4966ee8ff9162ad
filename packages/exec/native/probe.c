/* A small program with code, constants, data and zeros in distinct pages: what loaders are compared with.
   With -DFREESTANDING it needs no library (-nostdlib, also -m32) and exits at once; without, it is an ordinary C program. */
static const char constants[5000] = "constants", *const relocated = constants;
char data[5000] = "data", *pointer = data, zeros[20000];

#ifdef FREESTANDING
#ifdef __x86_64__
__asm__(".globl _start\n_start: xor %edi, %edi\n mov $60, %eax\n syscall\n.section .note.GNU-stack,\"\",@progbits\n");
#else
__asm__(".globl _start\n_start: xor %ebx, %ebx\n mov $1, %eax\n int $0x80\n.section .note.GNU-stack,\"\",@progbits\n");
#endif
const void *used(void) { return &relocated; }
#else
int main(int argc, char **argv)
{
    return argc > 1000 ? constants[argc] + argv[0][0] + zeros[argc] + *relocated : 0;
}
#endif
