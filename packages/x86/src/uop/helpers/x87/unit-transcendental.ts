/** placeholder */
export function computeTranscendental(words: Int32Array, unit: number, opcode: number): void {}
