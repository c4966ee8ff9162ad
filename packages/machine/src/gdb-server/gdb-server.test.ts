// Conversations with the debugger's server, packet by packet. gdb itself talks to it in `npm run test:gdb`.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createGdbServer, createMachine, createMemoryHost, type ProgramOutcome } from '../index.ts';
import { smallProgram } from '../test-support/small-program.ts';

const HELLO = readFileSync(new URL('../../../../fixtures/hello-asm/hello', import.meta.url));
const FAULTS = readFileSync(new URL('../../../../fixtures/faults-asm/faults', import.meta.url));
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');
/** Digits of a 64-bit register, in memory order. */
const quad = (value: number) => Buffer.from(new BigUint64Array([BigInt(value)]).buffer).toString('hex');

/** A debugger of a program that has just been started. */
async function debug(file: Uint8Array, words: string[] = ['program']) {
  const output: number[] = [];
  const host = createMemoryHost({ files: { '/program': file }, onOutput: (part) => output.push(...part) });
  // What the debugger sends comes between two slices, as on a host of its own events.
  const clock = { ...host.clock, pause: () => new Promise<void>((resolve) => setTimeout(resolve, 0)) };
  const machine = createMachine({ host: { ...host, clock } });
  const server = createGdbServer(machine);
  let received = '';
  const link = server.connect((bytes) => {
    received += text(bytes);
  });
  const outcome: Promise<ProgramOutcome> = machine.run({ path: '/program', arguments: words });
  const settle = () => new Promise((resolve) => setTimeout(resolve, 0));
  await settle();
  const frame = (content: string) => {
    const sum = Buffer.from(content, 'latin1').reduce((total, byte) => (total + byte) & 0xff, 0);
    return Buffer.from(`$${content}#${sum.toString(16).padStart(2, '0')}`, 'latin1');
  };
  /** Sends a packet and gives the content of the answer, whenever it comes. */
  const ask = async (content: string) => {
    received = '';
    link.receive(frame(content));
    for (let round = 0; round < 1000 && !received.includes('#'); round += 1) await settle();
    return /\$(.*)#[0-9a-f]{2}$/s.exec(received)?.[1];
  };
  return { ask, link, outcome, settle, frame, output: () => text(Uint8Array.from(output)), raw: () => received };
}

describe('packets', () => {
  it('are acknowledged until both agree not to, asked for again when damaged, and unescaped', async () => {
    const { link, raw, ask, frame } = await debug(HELLO);
    link.receive(Buffer.from('$qC#00'));
    expect(raw()).toBe('-');
    // In portions, behind noise.
    for (const byte of Buffer.concat([Buffer.from('++'), frame('qC')])) link.receive(Uint8Array.of(byte));
    expect(raw()).toMatch(/^-\+\$QC3e8#[0-9a-f]{2}$/);
    link.receive(Buffer.from('-'));
    expect(raw().match(/\$QC3e8/g)).toHaveLength(2);
    expect(await ask('QStartNoAckMode')).toBe('OK');
    await ask('qC');
    expect(raw()).toMatch(/^\$QC3e8#/);
    // X writes binary: } and # come escaped.
    expect(await ask('X403040,4:}\x03}\x5d\x01\x02')).toBe('OK');
    expect(await ask('m403040,4')).toBe('237d0102');
  });

  it('that nobody knows get an empty answer, and nonsense gets an error or none', async () => {
    const { ask, outcome } = await debug(HELLO);
    for (const packet of ['vMustReplyEmpty', 'vUnknown', 'qUnknown', '_', 'Z3,401000,4', 'qXfer:nothing:read::0,10'])
      expect(await ask(packet)).toBe('');
    for (const packet of ['m0,4', 'pffff', 'P0=00', 'G00', 'Mzz,1:00', 'Z2,0,4', 'T7b', 'M0,1:00'])
      expect(await ask(packet)).toMatch(/^E[0-9a-f]{2}$/);
    // Names of what every object has, lengths beyond any memory, addresses below it.
    for (const object of ['constructor', '__proto__', 'toString'])
      expect(await ask(`qXfer:${object}:read::0,10`)).toBe('');
    for (const packet of ['Z2,', 'Z2,403033', 'Z2,403033,fffffffff', 'Z2,403033,10001', 'Z2,-5,4', 'Z0,-5,1'])
      expect(await ask(packet)).toMatch(/^E[0-9a-f]{2}$/);
    expect(await ask('vFile:open:2f6e6f6e65,0,0')).toBe('F-1,2');
    expect(await ask('vFile:open:2f70726f6772616d,0,0')).toBe('F3');
    for (const range of ['3', '3,-1,0', '3,4,-1', '3,4,zz', '3,zz,0'])
      expect(await ask(`vFile:pread:${range}`)).toBe('F-1,16');
    expect(await ask('vFile:pread:3,4,1')).toBe('F4;ELF\x02');
    expect(await ask('vFile:pread:4,4,0')).toBe('F-1,9');
    // A name ends at its first null byte, so none has one.
    for (const name of ['2f00', '2f70726f6772616d0061', 'zz', '2']) {
      expect(await ask(`vFile:open:${name},0,0`)).toBe('F-1,16');
      expect(await ask(`vFile:readlink:${name}`)).toBe('F-1,16');
    }
    expect(await ask('vKill;3e8')).toBe('OK');
    expect(await outcome).toEqual({ kind: 'signaled', signal: 9, coreDumped: false });
  });

  it('that are too long are no packets, whatever they begin with', async () => {
    const { link, raw, ask } = await debug(HELLO);
    await ask('QStartNoAckMode');
    const before = raw();
    link.receive(Buffer.from(`$${'z'.repeat(1 << 20)}g#00`));
    link.receive(Buffer.from(`$g${'z'.repeat(1 << 20)}#00`));
    expect(raw()).toBe(before);
    expect(await ask('qAttached')).toBe('0');
  });

  it('of every shape leave the server standing', async () => {
    const { link, settle, frame, outcome } = await debug(HELLO);
    const numbers = ['', '0', '-1', 'zz', '403033', 'ffffffffffffffff', '1fffffffffffff', '800000000000'];
    const heads = [
      'm',
      'M',
      'X',
      'p',
      'P',
      'G',
      'H',
      'T',
      'z0,',
      'Z1,',
      'Z2,',
      'vFile:pread:',
      'vFile:fstat:',
      'vFile:close:',
    ];
    const more = [
      'QPassSignals:',
      'qXfer:auxv:read::',
      'qXfer:threads:read::',
      'vFile:setfs:',
      'vFile',
      'v',
      'q',
      'Q',
      '',
    ];
    for (const head of [...heads, ...more])
      for (const first of numbers)
        for (const second of numbers)
          for (const between of [',', ':', '=', ';'])
            link.receive(frame(`${head}${first}${between}${second}${between}0`));
    // Registers that no program can have.
    for (let number = 0; number < 70; number += 1)
      for (const digits of ['ff', '00'])
        for (const bytes of [4, 8, 10, 16]) link.receive(frame(`P${number.toString(16)}=${digits.repeat(bytes)}`));
    link.receive(frame('vCont;c'));
    await settle();
    link.closed();
    expect(await outcome).toMatchObject({ kind: expect.stringMatching(/exited|signaled/) });
  });
});

describe('a debugged program', () => {
  it('waits at its first instruction and tells about itself', async () => {
    const { ask, output } = await debug(HELLO);
    expect(output()).toBe('');
    expect(await ask('qSupported:multiprocess+;swbreak+')).toMatch(/qXfer:features:read\+.*swbreak\+/);
    expect(await ask('?')).toMatch(/^T05thread:3e8;/);
    const description = await ask('qXfer:features:read:target.xml:0,ffff');
    expect(description).toMatch(/^l<\?xml version="1.0"\?>/);
    for (const part of [
      '<architecture>i386:x86-64<',
      'name="rax" bitsize="64" type="int64" regnum="0"',
      'ymm15h',
      'fs_base',
    ])
      expect(description).toContain(part);
    expect(await ask('qXfer:features:read:target.xml:0,10')).toBe(`m${description?.slice(1, 17)}`);
    expect(await ask('qXfer:exec-file:read:3e8:0,100')).toBe('l/program');
    expect(await ask('qXfer:auxv:read::0,1000')).toContain('\x06\0\0\0\0\0\0\0\0\x10\0');
    expect(await ask('qfThreadInfo')).toBe('m3e8');
    expect(await ask('qXfer:threads:read::0,1000')).toContain('<thread id="3e8" core="0" name="program"/>');
    // rip, then memory there, which the guest itself may not write.
    expect(await ask('p10')).toBe(quad(0x401000));
    expect(await ask('m401000,4')).toBe('4c8b2424');
    expect(await ask('M401000,1:90')).toBe('OK');
    expect(await ask('m401000,4')).toBe('908b2424');
    const registers = (await ask('g')) ?? '';
    const sizes = [...(description ?? '').matchAll(/bitsize="(\d+)"/g)].map(([, bits]) => Number(bits) / 8);
    expect(registers).toHaveLength(sizes.reduce((sum, bytes) => sum + 2 * bytes, 0));
    expect(await ask(`G${registers}`)).toBe('OK');
    expect(await ask('g')).toBe(registers);
  });

  it('steps, stops at breakpoints and goes on to its end', async () => {
    const { ask, outcome, output, link, frame } = await debug(HELLO);
    await ask('qSupported:swbreak+');
    expect(await ask('vCont?')).toBe('vCont;c;C;s;S;r');
    expect(await ask('vCont;s:3e8')).toMatch(/^T05thread:3e8;.*10:0410400000000000;/);
    expect(await ask('Z0,4010ad,1')).toBe('OK');
    expect(await ask('vCont;c')).toMatch(/^T05thread:3e8;swbreak:;.*10:ad10400000000000;/);
    // The bytes are the program's own.
    expect(await ask('m4010ad,1')).toBe('48');
    expect(await ask('z0,4010ad,1')).toBe('OK');
    // A range: until the instruction behind it.
    expect(await ask('vCont;r4010ad,4010be:3e8')).toMatch(/10:be10400000000000;/);
    expect(await ask('P0=2a00000000000000')).toBe('OK');
    expect(await ask('p0')).toBe(quad(42));
    expect(await ask('vCont;c')).toBe('W00');
    expect(await outcome).toEqual({ kind: 'exited', code: 0 });
    expect(output()).toContain('hello from x86-64');
    link.receive(frame('g'));
  });

  it('stops when watched memory changes', async () => {
    const { ask } = await debug(HELLO);
    expect(await ask('Z2,403033,8')).toBe('OK');
    const before = await ask('m403033,8');
    expect(await ask('vCont;c')).toMatch(/^T05thread:3e8;watch:403033;/);
    expect(await ask('m403033,8')).not.toBe(before);
    expect(await ask('z2,403033,8')).toBe('OK');
    expect(await ask('vCont;c')).toBe('W00');
  });

  it('shows signals before they take effect, and takes back what is to become of them', async () => {
    const { ask, outcome } = await debug(FAULTS, ['faults', 's']);
    expect(await ask('vCont;c')).toMatch(/^T0bthread:3e8;/);
    const information = Buffer.from((await ask('qXfer:siginfo:read::0,80')) ?? '', 'latin1');
    // si_signo, si_code SEGV_MAPERR, si_addr, behind the letter of the answer.
    expect([information.readInt32LE(1), information.readInt32LE(9), information.readInt32LE(17)]).toEqual([11, 1, 16]);
    // Not passed: the instruction fails again. Passed: the program dies of it.
    expect(await ask('vCont;c')).toMatch(/^T0bthread:3e8;/);
    expect(await ask('vCont;C0b:3e8;c')).toBe('X0b');
    expect(await outcome).toMatchObject({ kind: 'signaled', signal: 11 });
  });

  it('passes signals that nobody wants to see', async () => {
    const { ask } = await debug(FAULTS, ['faults', 's']);
    expect(await ask('QPassSignals:e;b;14')).toBe('OK');
    expect(await ask('vCont;c')).toBe('X0b');
  });

  it('stops for Ctrl-C and runs on alone when the debugger leaves', async () => {
    // jmp .
    const endless = smallProgram({ fileBytes: 4096, code: [[0xeb, 0xfe]] });
    const { ask, link, settle, frame, raw } = await debug(endless);
    link.receive(frame('vCont;c'));
    await settle();
    link.receive(Uint8Array.of(3));
    expect(raw()).toMatch(/\$T02thread:3e8;/);
    expect(await ask('p10')).toBe(quad(0x400080));
    expect(await ask('P10=8200400000000000')).toBe('OK');
    link.closed();
  });

  it('is an i386 program as well', async () => {
    const narrow = smallProgram({ fileBytes: 4096, isNarrow: true, code: [[0xb8, 0x34, 0x12, 0, 0, 0xcc]] });
    const { ask } = await debug(narrow);
    expect(await ask('qXfer:features:read:target.xml:0,ffff')).toMatch(/<architecture>i386<.*name="eax" bitsize="32"/s);
    expect(await ask('s')).toMatch(/08:85004000;/);
    expect(await ask('p0')).toBe('34120000');
    // A breakpoint instruction of the program's own: behind it.
    expect(await ask('c')).toMatch(/^T05thread:3e8;.*08:86004000;/);
    expect(await ask('C05')).toBe('X05');
  });

  it('is let go of with D', async () => {
    const { ask, outcome, output } = await debug(HELLO);
    await ask('Z0,4010ad,1');
    expect(await ask('D')).toBe('OK');
    expect(await outcome).toEqual({ kind: 'exited', code: 0 });
    expect(output()).toContain('hello');
  });
});
