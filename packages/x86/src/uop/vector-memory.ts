// Vector loads and stores with the alignment rule of legacy SSE, and loads that fill the low part of a register.
import { ExitStatus } from '../engine/exit-status.ts';
import { type Emitter, type UopRow, uop } from './uop-row.ts';

function address(e: Emitter, base: number, displacement: number): void {
  e.get(base, 64);
  e.inline(displacement);
  e.code.ops('i64_extend_i32_s', 'i64_add');
}

// The alignment check comes before the translation: #GP even where the page is missing (SDM vol. 1, section 4.1.1).
function alignedAddress(e: Emitter, base: number, displacement: number, bytes = 16): void {
  const { b } = e.local;
  address(e, base, displacement);
  e.code
    .tee(b)
    .i64(bytes - 1)
    .ops('i64_and', 'i64_eqz', 'i32_eqz')
    .if();
  e.exit(ExitStatus.GeneralProtection);
  e.code.end().get(b);
}

function lowLoad(width: 16 | 32 | 64): UopRow {
  return uop(
    `ldv.${width}`,
    'out in inline',
    (e) =>
      e.guestRead(
        width / 8,
        () => address(e, 1, 2),
        () =>
          e.setVector(0, () => {
            if (width === 16) {
              e.code.v128(new Array<number>(16).fill(0)).get(e.local.p).memory('i64_load16_u');
              e.code.lanes('i64x2_replace_lane', 0);
            } else e.code.get(e.local.p).vectorMemory(width === 64 ? 'v128_load64_zero' : 'v128_load32_zero');
          }),
      ),
    { hot: width === 64, faults: true },
  );
}

// Whole ymm registers, one access: nothing is stored when the second page of a crossing one is missing.
const wide = [false, true].flatMap((aligned) => {
  const place = (e: Emitter) => (aligned ? alignedAddress(e, 1, 2, 32) : address(e, 1, 2));
  const prefix = aligned ? 'a' : '';
  return [
    uop(
      `ld${prefix}.256`,
      'out in inline',
      (e) =>
        e.guestRead(
          32,
          () => place(e),
          () => {
            for (const half of [0, 16]) e.setVector(0, () => e.code.get(e.local.p).vectorMemory('v128_load', half), half);
          },
        ),
      { faults: true },
    ),
    uop(
      `st${prefix}.256`,
      'in in inline',
      (e) =>
        e.guestWrite(
          32,
          () => place(e),
          () => {
            for (const half of [0, 16]) {
              e.code.get(e.local.p);
              e.getVector(0, half);
              e.code.vectorMemory('v128_store', half);
            }
          },
        ),
      { faults: true },
    ),
  ];
});

/** All rows of this file. */
export const vectorMemoryRows: readonly UopRow[] = [
  uop(
    'lda.128',
    'out in inline',
    (e) =>
      e.guestRead(
        16,
        () => alignedAddress(e, 1, 2),
        () => e.setVector(0, () => e.code.get(e.local.p).vectorMemory('v128_load')),
      ),
    { hot: true, faults: true },
  ),
  uop(
    'sta.128',
    'in in inline',
    (e) =>
      e.guestWrite(
        16,
        () => alignedAddress(e, 1, 2),
        () => {
          e.code.get(e.local.p);
          e.getVector(0);
          e.code.vectorMemory('v128_store');
        },
      ),
    { hot: true, faults: true },
  ),
  ...wide,
  lowLoad(64),
  lowLoad(32),
  lowLoad(16),
];
