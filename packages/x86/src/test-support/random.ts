// A small seeded generator, so that a failing case names the run that failed.

/** Uniform random integers from a 32-bit seed (sfc32 by Chris Doty-Humphrey, PractRand). */
export class Random {
  private a = 0;
  private b = 0;
  private c = 0;
  private counter = 1;

  constructor(seed: number) {
    this.c = seed | 0;
    for (let round = 0; round < 12; round += 1) this.next();
  }

  /** 32 random bits, signed. */
  next(): number {
    const sum = (((this.a + this.b) | 0) + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = ((this.c << 21) | (this.c >>> 11)) + sum;
    return sum;
  }

  /** An integer in [0, limit). */
  below(limit: number): number {
    return (this.next() >>> 0) % limit;
  }

  /** True once in `times`. */
  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }

  /** One of the choices. */
  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)];
  }

  /** 64 random bits, unsigned. */
  bits64(): bigint {
    return (BigInt(this.next() >>> 0) << 32n) | BigInt(this.next() >>> 0);
  }
}
