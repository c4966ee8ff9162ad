// The numbers of RDRAND when nobody provides better ones: the same in every run.

// Steele and Lea, "Fast splittable pseudorandom number generators" (2014): SplitMix64.
export function pseudoRandom(): () => bigint {
  let state = 0n;
  return () => {
    state = BigInt.asUintN(64, state + 0x9e37_79b9_7f4a_7c15n);
    let mixed = BigInt.asUintN(64, (state ^ (state >> 30n)) * 0xbf58_476d_1ce4_e5b9n);
    mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 27n)) * 0x94d0_49bb_1331_11ebn);
    return mixed ^ (mixed >> 31n);
  };
}
