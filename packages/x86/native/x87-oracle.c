/* Executes single x87 instructions on the real processor: 36-byte records on stdin, 36-byte answers on stdout.
 *
 * Build: gcc -O2 -o x87-oracle x87-oracle.c      (x86-64 only; the program itself uses no x87 code)
 * Usage: x87-oracle --list        prints "number name" of every operation
 *        x87-oracle < cases       answers cases until end of file
 *
 * Record:  u8 operation, u8 preparation, u16 control word, 10 bytes ST(0), 10 bytes ST(1), 10 bytes memory operand, 2 spare.
 * Answer:  u16 status word, u16 tag word, u8 flags (LAHF), u8 spare, 10 bytes ST(0), 10 bytes ST(1), 10 bytes memory after.
 * Preparation: how many registers are loaded before (0, 1, 2 or 8: ST(1) is repeated); 3 = two loaded, then ST(0) freed;
 * 4 = two loaded, then ST(1) freed.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define OPERATIONS(X) \
  X(fadd, "fadd %%st(1), %%st") X(fsub, "fsub %%st(1), %%st") X(fsubr, "fsubr %%st(1), %%st") \
  X(fmul, "fmul %%st(1), %%st") X(fdiv, "fdiv %%st(1), %%st") X(fdivr, "fdivr %%st(1), %%st") \
  X(faddp, "faddp") X(fsqrt, "fsqrt") X(frndint, "frndint") X(fprem, "fprem") X(fprem1, "fprem1") \
  X(fscale, "fscale") X(fxtract, "fxtract") X(fabs, "fabs") X(fchs, "fchs") X(fxam, "fxam") X(ftst, "ftst") \
  X(fcom, "fcom") X(fcomp, "fcomp") X(fcompp, "fcompp") X(fucom, "fucom") X(fucomp, "fucomp") X(fucompp, "fucompp") \
  X(fcomi, "fcomi %%st(1), %%st") X(fcomip, "fcomip %%st(1), %%st") \
  X(fucomi, "fucomi %%st(1), %%st") X(fucomip, "fucomip %%st(1), %%st") \
  X(fld1, "fld1") X(fldl2t, "fldl2t") X(fldl2e, "fldl2e") X(fldpi, "fldpi") X(fldlg2, "fldlg2") X(fldln2, "fldln2") X(fldz, "fldz") \
  X(fxch, "fxch") X(fincstp, "fincstp") X(fdecstp, "fdecstp") X(ffree, "ffree %%st(0)") X(fld_st1, "fld %%st(1)") \
  X(fst_st1, "fst %%st(1)") X(fstp_st1, "fstp %%st(1)") X(fcmove, "fcmove %%st(1), %%st") X(fcmovne, "fcmovne %%st(1), %%st") \
  X(fld_m32, "flds (%1)") X(fld_m64, "fldl (%1)") X(fld_m80, "fldt (%1)") \
  X(fst_m32, "fsts (%1)") X(fst_m64, "fstl (%1)") X(fstp_m32, "fstps (%1)") X(fstp_m64, "fstpl (%1)") X(fstp_m80, "fstpt (%1)") \
  X(fild_m16, "filds (%1)") X(fild_m32, "fildl (%1)") X(fild_m64, "fildll (%1)") \
  X(fist_m16, "fists (%1)") X(fist_m32, "fistl (%1)") X(fistp_m16, "fistps (%1)") X(fistp_m32, "fistpl (%1)") X(fistp_m64, "fistpll (%1)") \
  X(fisttp_m16, "fisttps (%1)") X(fisttp_m32, "fisttpl (%1)") X(fisttp_m64, "fisttpll (%1)") \
  X(fbld, "fbld (%1)") X(fbstp, "fbstp (%1)") \
  X(fadd_m32, "fadds (%1)") X(fadd_m64, "faddl (%1)") X(fsub_m32, "fsubs (%1)") X(fsubr_m64, "fsubrl (%1)") \
  X(fmul_m32, "fmuls (%1)") X(fmul_m64, "fmull (%1)") X(fdiv_m32, "fdivs (%1)") X(fdiv_m64, "fdivl (%1)") X(fdivr_m64, "fdivrl (%1)") \
  X(fcom_m32, "fcoms (%1)") X(fcom_m64, "fcoml (%1)") X(fcomp_m64, "fcompl (%1)") \
  X(fiadd_m16, "fiadds (%1)") X(fiadd_m32, "fiaddl (%1)") X(fidiv_m32, "fidivl (%1)") X(fidivr_m32, "fidivrl (%1)") X(ficom_m32, "ficoml (%1)") X(ficomp_m16, "ficomps (%1)") \
  X(f2xm1, "f2xm1") X(fyl2x, "fyl2x") X(fyl2xp1, "fyl2xp1") X(fpatan, "fpatan") X(fptan, "fptan") \
  X(fsin, "fsin") X(fcos, "fcos") X(fsincos, "fsincos")

enum {
#define NUMBER(name, text) OP_##name,
  OPERATIONS(NUMBER) OP_COUNT
};

static const char *const names[] = {
#define NAME(name, text) #name,
  OPERATIONS(NAME)
};

struct __attribute__((packed)) record { uint8_t operation, preparation; uint16_t control; uint8_t st0[10], st1[10], memory[10], spare[2]; };
struct __attribute__((packed)) answer { uint16_t status, tags; uint8_t flags, spare; uint8_t st0[10], st1[10], memory[10]; };
struct __attribute__((packed)) image { uint32_t control, status, tags, fip, fcs, fdp, fds; uint8_t registers[8][10]; };

static void load(const uint8_t *bytes) { __asm__ volatile("fldt (%0)" : : "r"(bytes) : "memory"); }

static void execute(const struct record *in, struct answer *out) {
  static struct image image;
  static uint8_t memory[16];
  uint16_t control = in->control;
  uint32_t flags = 0;
  memcpy(memory, in->memory, 10);
  __asm__ volatile("fninit");
  int copies = in->preparation == 8 ? 7 : in->preparation >= 2 ? 1 : 0;
  for (int i = 0; i < copies; i++) load(in->st1);
  if (in->preparation >= 1) load(in->st0);
  if (in->preparation == 3) __asm__ volatile("ffree %st(0)");
  if (in->preparation == 4) __asm__ volatile("ffree %st(1)");
  __asm__ volatile("fldcw %0" : : "m"(control));
  switch (in->operation) {
#define RUN(name, text) \
  case OP_##name: __asm__ volatile("movl $0xff00, %%eax\n\tsahf\n\t" text "\n\tlahf\n\tmovl %%eax, %0" : "=r"(flags) : "r"(memory) : "eax", "memory", "cc"); break;
    OPERATIONS(RUN)
  }
  __asm__ volatile("fnsave %0" : "=m"(image));
  memset(out, 0, sizeof *out);
  out->status = (uint16_t)image.status;
  out->tags = (uint16_t)image.tags;
  out->flags = (uint8_t)(flags >> 8);
  memcpy(out->st0, image.registers[0], 10);
  memcpy(out->st1, image.registers[1], 10);
  memcpy(out->memory, memory, 10);
}

int main(int argc, char **argv) {
  static struct record in[1024];
  static struct answer out[1024];
  if (argc > 1 && !strcmp(argv[1], "--list")) {
    for (int i = 0; i < OP_COUNT; i++) printf("%d %s\n", i, names[i]);
    return 0;
  }
  size_t count;
  while ((count = fread(in, sizeof in[0], 1024, stdin)) > 0) {
    for (size_t i = 0; i < count; i++) execute(&in[i], &out[i]);
    if (fwrite(out, sizeof out[0], count, stdout) != count) return 1;
  }
  return 0;
}
