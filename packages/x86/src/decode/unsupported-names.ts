// table: names of encodings that no instruction row describes yet, so that a report can say what a program wanted (SDM vol. 2, appendix A).

/** Opcode to name, by map: 0 one byte, 1 `0F`, 2 `0F 38`, 3 `0F 3A`. Privileged instructions that a user program cannot run are here too. */
// biome-ignore format: dense table
const NAMES: readonly Readonly<Record<number, string>>[] = [
  { 0x62: 'EVEX-encoded instruction (AVX-512)', 0xc4: 'VEX-encoded instruction (AVX)', 0xc5: 'VEX-encoded instruction (AVX)', 0xca: 'retf', 0xcb: 'retf', 0xcf: 'iret', 0xc6: 'xabort', 0xc7: 'xbegin' },
  {
    0x00: 'sldt group', 0x01: 'system group (xgetbv, vmcall, swapgs ...)', 0x02: 'lar', 0x03: 'lsl', 0x06: 'clts', 0x07: 'sysret', 0x08: 'invd', 0x09: 'wbinvd', 0x0e: 'femms',
    0x20: 'mov from control register', 0x21: 'mov from debug register', 0x22: 'mov to control register', 0x23: 'mov to debug register',
    0x30: 'wrmsr', 0x32: 'rdmsr', 0x33: 'rdpmc', 0x34: 'sysenter', 0x35: 'sysexit', 0x37: 'getsec', 0x7c: 'haddpd', 0x7d: 'hsubpd', 0xa0: 'push fs', 0xa1: 'pop fs', 0xa8: 'push gs', 0xa9: 'pop gs',
    0xae: 'xsave group', 0xb2: 'lss', 0xb4: 'lfs', 0xb5: 'lgs', 0xc7: 'cmpxchg16b group (rdrand, rdseed, xsavec ...)', 0xd0: 'addsubpd',
  },
  {
    0x00: 'pshufb', 0x01: 'phaddw', 0x02: 'phaddd', 0x03: 'phaddsw', 0x04: 'pmaddubsw', 0x05: 'phsubw', 0x06: 'phsubd', 0x07: 'phsubsw', 0x08: 'psignb', 0x09: 'psignw', 0x0a: 'psignd', 0x0b: 'pmulhrsw',
    0x10: 'pblendvb', 0x14: 'blendvps', 0x15: 'blendvpd', 0x17: 'ptest', 0x1c: 'pabsb', 0x1d: 'pabsw', 0x1e: 'pabsd',
    0x20: 'pmovsxbw', 0x21: 'pmovsxbd', 0x22: 'pmovsxbq', 0x23: 'pmovsxwd', 0x24: 'pmovsxwq', 0x25: 'pmovsxdq', 0x28: 'pmuldq', 0x29: 'pcmpeqq', 0x2a: 'movntdqa', 0x2b: 'packusdw',
    0x30: 'pmovzxbw', 0x31: 'pmovzxbd', 0x32: 'pmovzxbq', 0x33: 'pmovzxwd', 0x34: 'pmovzxwq', 0x35: 'pmovzxdq', 0x37: 'pcmpgtq', 0x38: 'pminsb', 0x39: 'pminsd', 0x3a: 'pminuw', 0x3b: 'pminud',
    0x3c: 'pmaxsb', 0x3d: 'pmaxsd', 0x3e: 'pmaxuw', 0x3f: 'pmaxud', 0x40: 'pmulld', 0x41: 'phminposuw',
    0xc8: 'sha1nexte', 0xc9: 'sha1msg1', 0xca: 'sha1msg2', 0xcb: 'sha256rnds2', 0xcc: 'sha256msg1', 0xcd: 'sha256msg2', 0xdb: 'aesimc', 0xdc: 'aesenc', 0xdd: 'aesenclast', 0xde: 'aesdec', 0xdf: 'aesdeclast',
    0xf0: 'crc32', 0xf1: 'crc32', 0xf6: 'adcx or adox', 0xf9: 'movdiri',
  },
  {
    0x08: 'roundps', 0x09: 'roundpd', 0x0a: 'roundss', 0x0b: 'roundsd', 0x0c: 'blendps', 0x0d: 'blendpd', 0x0e: 'pblendw', 0x0f: 'palignr', 0x14: 'pextrb', 0x15: 'pextrw', 0x16: 'pextrd', 0x17: 'extractps',
    0x20: 'pinsrb', 0x21: 'insertps', 0x22: 'pinsrd', 0x40: 'dpps', 0x41: 'dppd', 0x42: 'mpsadbw', 0x44: 'pclmulqdq', 0x60: 'pcmpestrm', 0x61: 'pcmpestri', 0x62: 'pcmpistrm', 0x63: 'pcmpistri',
    0xcc: 'sha1rnds4', 0xdf: 'aeskeygenassist',
  },
];

const PREFIXES = new Set([0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3]);

/**
 * The name of the instruction that `bytes` begin with, if it is one of those known by name only.
 * @example
 * nameUnsupported(Uint8Array.of(0x66, 0x0f, 0x38, 0x00, 0xc1)); // 'pshufb'
 */
export function nameUnsupported(bytes: Uint8Array, mode: 32 | 64 = 64): string | undefined {
  let position = 0;
  while (
    position < bytes.length &&
    (PREFIXES.has(bytes[position]) || (mode === 64 && (bytes[position] & 0xf0) === 0x40))
  )
    position += 1;
  if (bytes[position] !== 0x0f) return NAMES[0][bytes[position]];
  const second = bytes[position + 1];
  if (second === 0x38) return NAMES[2][bytes[position + 2]];
  if (second === 0x3a) return NAMES[3][bytes[position + 2]];
  return NAMES[1][second];
}
