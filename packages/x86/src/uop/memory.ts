// Guest loads and stores: the default translation scheme, exact through the software TLB.
import { ExitStatus } from '../engine/exit-status.ts';
import { WIDTHS } from './integer.ts';
import { type Emitter, type PlainWidthOp, type UopRow, uop, type Width } from './uop-row.ts';

const LOAD: Record<Width, PlainWidthOp> = { 8: 'i64_load8_u', 16: 'i64_load16_u', 32: 'i64_load32_u', 64: 'i64_load' };
const STORE: Record<Width, PlainWidthOp> = { 8: 'i64_store8', 16: 'i64_store16', 32: 'i64_store32', 64: 'i64_store' };

// base + displacement: the usual form of an x86 address after the index has been added.
function address(e: Emitter, base: number, displacement: number): () => void {
  return () => {
    e.get(base, 64);
    e.inline(displacement);
    e.code.ops('i64_extend_i32_s', 'i64_add');
  };
}

const integers = WIDTHS.flatMap((width): UopRow[] => [
  // A load fills the register as a register write of that width does.
  uop(`ld.${width}`, 'out in inline', (e) => e.guestRead(width / 8, address(e, 1, 2), () => e.set(0, width, () => e.code.get(e.local.p).memory(LOAD[width]))), {
    hot: true,
    faults: true,
  }),
  uop(
    `st.${width}`,
    'in in inline',
    (e) => e.guestWrite(width / 8, address(e, 1, 2), () => (e.code.get(e.local.p), e.get(0, width), e.code.memory(STORE[width]))),
    { hot: true, faults: true },
  ),
  // Checks that a store would succeed, for instructions that must not change anything before their last write.
  uop(
    `probe.${width}`,
    'in inline',
    (e) => e.guestWrite(width / 8, address(e, 0, 1), () => e.code.get(e.local.p).get(e.local.p).memory('i32_load8_u').memory('i32_store8')),
    { faults: true },
  ),
]);

const extending = ([8, 16, 32] as const).flatMap((width): UopRow[] => [
  uop(`ldzx.${width}`, 'out in inline', (e) => e.guestRead(width / 8, address(e, 1, 2), () => e.set(0, 64, () => e.code.get(e.local.p).memory(LOAD[width]))), {
    hot: true,
    faults: true,
  }),
  uop(
    `ldsx.${width}`,
    'out in inline',
    (e) =>
      e.guestRead(width / 8, address(e, 1, 2), () =>
        e.set(0, 64, () => e.code.get(e.local.p).memory(width === 8 ? 'i64_load8_s' : width === 16 ? 'i64_load16_s' : 'i64_load32_s')),
      ),
    { hot: true, faults: true },
  ),
]);

const vectors: UopRow[] = [
  uop('ld.128', 'out in inline', (e) => e.guestRead(16, address(e, 1, 2), () => e.setVector(0, () => e.code.get(e.local.p).vectorMemory('v128_load'))), {
    hot: true,
    faults: true,
  }),
  uop('st.128', 'in in inline', (e) => e.guestWrite(16, address(e, 1, 2), () => (e.code.get(e.local.p), e.getVector(0), e.code.vectorMemory('v128_store'))), {
    hot: true,
    faults: true,
  }),
  // For operands that must be aligned to 16 bytes: #GP otherwise (SDM vol. 1, section 4.1.1). For areas of FXSAVE and XSAVE an address
  // that is not canonical counts first, which may be #SS (Sapphire Rapids).
  ...(
    [
      ['align.128', 16, false],
      ['area.128', 16, true],
      ['area.512', 64, true],
    ] as const
  ).map(([name, bytes, canonicalFirst]) =>
    uop(
      name,
      'in inline',
      (e) => {
        address(e, 0, 1)();
        e.code.set(e.local.b);
        refuseMisaligned(e, bytes, canonicalFirst);
      },
      { hot: !canonicalFirst, faults: true },
    ),
  ),
];

// The address in local b must be a multiple of some bytes.
function refuseMisaligned(e: Emitter, bytes: number, canonicalFirst: boolean): void {
  const { b } = e.local;
  e.code
    .get(b)
    .i64(bytes - 1)
    .ops('i64_and', 'i64_eqz', 'i32_eqz')
    .if();
  if (canonicalFirst) {
    e.code.get(b).i64(16).ops('i64_shl').i64(16).ops('i64_shr_s').get(b).ops('i64_ne').if();
    e.exit(ExitStatus.NonCanonical);
    e.code.end();
    e.code.get(b).i64(3).ops('i64_and', 'i64_eqz', 'i32_eqz').if();
    e.exit(ExitStatus.MisalignedArea);
    e.code.end();
  }
  e.exit(ExitStatus.GeneralProtection);
  e.code.end();
}

// An address that must be canonical: #GP at the instruction itself, before anything has changed (SDM vol. 2, CALL, JMP, RET, WRFSBASE).
function refuseNonCanonical(e: Emitter): void {
  const { b } = e.local;
  e.code.get(b).i64(16).ops('i64_shl').i64(16).ops('i64_shr_s').get(b).ops('i64_ne').if();
  e.exit(ExitStatus.GeneralProtection);
  e.code.end();
}
const targets: UopRow[] = [
  uop(
    'target.load',
    'out in inline',
    (e) => {
      e.guestRead(8, address(e, 1, 2), () => e.code.get(e.local.p).memory('i64_load').set(e.local.b));
      refuseNonCanonical(e);
      e.set(0, 64, () => e.code.get(e.local.b));
    },
    { hot: true, faults: true },
  ),
  uop(
    'target.check',
    'in',
    (e) => {
      e.get(0, 64);
      e.code.set(e.local.b);
      refuseNonCanonical(e);
    },
    { hot: true, faults: true },
  ),
];

/** All rows of this file. */
export const memoryRows: readonly UopRow[] = [...integers, ...extending, ...vectors, ...targets];
