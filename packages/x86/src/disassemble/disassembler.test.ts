// Text equals objdump's: hand-picked forms, recorded forms of every row, and live ones where objdump 2.40 is installed.
import { Formatter, FormatterSyntax, Decoder as IcedDecoder } from 'iced-x86';
import { describe, expect, it } from 'vitest';
import {
  askObjdump,
  encodeForms,
  type Form,
  formAddress,
  formTolerance,
  hasObjdump,
  padded,
  readForms,
} from '../test-support/disassembly-forms.ts';
import { Disassembler } from './disassembler.ts';

const hex = (text: string) => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

/** Bytes, AT&T's text, Intel's text; at address 0x1000. */
// biome-ignore format: one instruction per line
const PICKED: readonly (readonly [bytes: string, att: string, intel: string])[] = [
  ['c3',                     'ret',                                          'ret'],
  ['f3c3',                   'repz ret',                                     'repz ret'],
  ['f2c3',                   'bnd ret',                                      'bnd ret'],
  ['4889e5',                 'mov    %rsp,%rbp',                             'mov    rbp,rsp'],
  ['4089c0',                 'rex mov %eax,%eax',                            'rex mov eax,eax'],
  ['44b001',                 'rex.R mov $0x1,%al',                           'rex.R mov al,0x1'],
  ['48b8ffffffffffffff7f',   'movabs $0x7fffffffffffffff,%rax',              'movabs rax,0x7fffffffffffffff'],
  ['a11122334455667788',     'movabs 0x8877665544332211,%eax',               'movabs eax,ds:0x8877665544332211'],
  ['64488b042528000000',     'mov    %fs:0x28,%rax',                         'mov    rax,QWORD PTR fs:0x28'],
  ['8b0425f8ffffff',         'mov    0xfffffffffffffff8,%eax',               'mov    eax,DWORD PTR ds:0xfffffffffffffff8'],
  ['678b0425f8ffffff',       'mov    0xfffffff8(,%eiz,1),%eax',              'mov    eax,DWORD PTR [eiz*1+0xfffffff8]'],
  ['8b0420',                 'mov    (%rax,%riz,1),%eax',                    'mov    eax,DWORD PTR [rax+riz*1]'],
  ['8b05f0ffffff',           'mov    -0x10(%rip),%eax        # 0xff6',       'mov    eax,DWORD PTR [rip+0xfffffffffffffff0]        # 0xff6'],
  ['662e0f1f840000000000',   'cs nopw 0x0(%rax,%rax,1)',                     'cs nop WORD PTR [rax+rax*1+0x0]'],
  ['6666488d3d00000000',     'data16 data16 lea 0x0(%rip),%rdi        # 0x1009', 'data16 data16 lea rdi,[rip+0x0]        # 0x1009'],
  ['6690',                   'xchg   %ax,%ax',                               'xchg   ax,ax'],
  ['f390',                   'pause',                                        'pause'],
  ['f30f1efa',               'endbr64',                                      'endbr64'],
  ['3effe0',                 'notrack jmp *%rax',                            'notrack jmp rax'],
  ['2e7400',                 'je,pn  0x1003',                                'cs je  0x1003'],
  ['67e210',                 'loopl  0x1013',                                'addr32 loop 0x1013'],
  ['4898',                   'cltq',                                         'cdqe'],
  ['480fbe00',               'movsbq (%rax),%rax',                           'movsx  rax,BYTE PTR [rax]'],
  ['f348ab',                 'rep stos %rax,%es:(%rdi)',                     'rep stos QWORD PTR es:[rdi],rax'],
  ['f3a6',                   'repz cmpsb %es:(%rdi),%ds:(%rsi)',             'repz cmps BYTE PTR ds:[rsi],BYTE PTR es:[rdi]'],
  ['f0480fb10f',             'lock cmpxchg %rcx,(%rdi)',                     'lock cmpxchg QWORD PTR [rdi],rcx'],
  ['f2f00fb100',             'xacquire lock cmpxchg %eax,(%rax)',            'xacquire lock cmpxchg DWORD PTR [rax],eax'],
  ['f00f1f00',               'lock nopl (%rax)',                             'lock nop DWORD PTR [rax]'],
  ['c8100002',               'enter  $0x10,$0x2',                            'enter  0x10,0x2'],
  ['d1e0',                   'shl    %eax',                                  'shl    eax,1'],
  ['83c8ff',                 'or     $0xffffffff,%eax',                      'or     eax,0xffffffff'],
  ['0fc20001',               'cmpltps (%rax),%xmm0',                         'cmpltps xmm0,XMMWORD PTR [rax]'],
  ['c5f8c2001f',             'vcmptrue_usps (%rax),%xmm0,%xmm0',             'vcmptrue_usps xmm0,xmm0,XMMWORD PTR [rax]'],
  ['660f3a440011',           'pclmulhqhqdq (%rax),%xmm0',                    'pclmulhqhqdq xmm0,XMMWORD PTR [rax]'],
  ['f2480f2a00',             'cvtsi2sdq (%rax),%xmm0',                       'cvtsi2sd xmm0,QWORD PTR [rax]'],
  ['c5fd5a00',               'vcvtpd2psy (%rax),%xmm0',                      'vcvtpd2ps xmm0,YMMWORD PTR [rax]'],
  ['c4e2f19304d0',           'vgatherqpd %xmm1,(%rax,%xmm2,8),%xmm0',        'vgatherqpd xmm0,QWORD PTR [rax+xmm2*8],xmm1'],
  ['dee1',                   'fsubp  %st,%st(1)',                            'fsubrp st(1),st'],
  ['df28',                   'fildll (%rax)',                                'fild   QWORD PTR [rax]'],
  ['9bd97dfe',               'fstcw  -0x2(%rbp)',                            'fstcw  WORD PTR [rbp-0x2]'],
  ['480fc708',               'cmpxchg16b (%rax)',                            'cmpxchg16b OWORD PTR [rax]'],
  ['06',                     '(bad)',                                        '(bad)'],
  ['4806',                   'rex.W (bad)',                                  'rex.W (bad)'],
  ['62f17c4828c0',           '(bad)',                                        '(bad)'],
];

describe('Disassembler', () => {
  it.each(PICKED)('%s is %s', (bytes, att, intel) => {
    const code = hex(bytes);
    for (const [syntax, text] of [
      ['att', att],
      ['intel', intel],
    ] as const) {
      const disassembler = new Disassembler({ syntax });
      expect(disassembler.disassemble(code, 0, code.length, 0x1000)).toBe(text);
      expect(disassembler.lengthInBytes).toBe(code.length);
    }
  });

  it('prints prefixes alone when REX comes before another prefix', () => {
    const code = hex('48660f1f00');
    const disassembler = new Disassembler();
    expect(disassembler.disassemble(code, 0, code.length, 0)).toBe('rex.W');
    expect(disassembler.lengthInBytes).toBe(1);
    expect(disassembler.disassemble(code, 1, code.length, 1)).toBe('nopw   (%rax)');
  });

  it('prints the first byte of an instruction that is cut off', () => {
    const disassembler = new Disassembler();
    expect(disassembler.disassemble(hex('8b05'), 0, 2, 0)).toBe('.byte 0x8b');
    expect(disassembler.disassemble(hex('488b05'), 0, 3, 0)).toBe('rex.W');
    expect(disassembler.lengthInBytes).toBe(1);
  });

  it('says which bytes no row describes, and passes over AVX-512 whole', () => {
    const disassembler = new Disassembler();
    const code = hex('62f17c4828c0c3');
    disassembler.disassemble(code, 0, code.length, 0);
    expect(disassembler.isUnknown).toBe(true);
    expect(disassembler.disassemble(code, disassembler.lengthInBytes, code.length, 6)).toBe('ret');
    expect(disassembler.isUnknown).toBe(false);
  });

  it('does not change the bytes it is given', () => {
    const code = Buffer.from('f00f1f00', 'hex');
    new Disassembler().disassemble(code, 0, code.length, 0);
    expect(code.toString('hex')).toBe('f00f1f00');
  });

  for (const mode of [64, 32] as const) {
    it(`prints the recorded forms of every row as objdump does, ${mode}-bit mode`, () => {
      const forms = readForms(mode);
      expect(forms.length).toBeGreaterThan(2000);
      expect(differences(forms, mode)).toEqual([]);
    });

    it(`prints forms of today's rows as objdump does, ${mode}-bit mode (recorded ones where it is not installed)`, () => {
      const forms = hasObjdump() ? askObjdump(encodeForms(mode, Date.now() & 0xffffff, 8), mode) : readForms(mode);
      expect(differences(forms, mode)).toEqual([]);
    });
  }

  it('calls undocumented x87 twins what iced calls them', () => {
    for (const bytes of ['dcd1', 'dcd9', 'ded1', 'ddc9', 'dfc9', 'dfd1', 'dfd9']) {
      const code = hex(bytes);
      const decoder = new IcedDecoder(64, code, 0);
      const formatter = new Formatter(FormatterSyntax.Gas);
      const instruction = decoder.decode();
      const [expected] = formatter.format(instruction).split(' ');
      const [name] = new Disassembler().disassemble(code, 0, code.length, 0).split(' ');
      expect(`${bytes} ${name}`).toBe(`${bytes} ${expected}`);
      for (const part of [instruction, formatter, decoder]) part.free();
    }
  });
});

/** Lines that differ without a reason, with their bytes. */
function differences(forms: readonly Form[], mode: 32 | 64): string[] {
  const found: string[] = [];
  for (const syntax of ['att', 'intel'] as const) {
    const disassembler = new Disassembler({ syntax, mode });
    forms.forEach((form, index) => {
      const address = formAddress(index);
      const slot = padded(form);
      const text = disassembler.disassemble(slot, 0, slot.length, address);
      const theirs = form[syntax];
      if (text === theirs && disassembler.lengthInBytes === form.lengthInBytes) return;
      if (formTolerance(theirs, text) !== undefined) return;
      found.push(
        `${Buffer.from(form.bytes).toString('hex')}: ${theirs} (${form.lengthInBytes}), ours ${text} (${disassembler.lengthInBytes})`,
      );
    });
  }
  return found;
}
