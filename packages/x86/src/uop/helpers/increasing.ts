// A time-stamp counter that never shows the same value twice, as the hardware's does not between two instructions (SDM vol. 3B, section 18.17).

/** The source's ticks, or one more than the last answer where those stand still: instructions are counted by whole blocks. */
export function increasing(source: () => bigint): () => bigint {
  let last = -1n;
  return () => {
    const now = source();
    last = now > last ? now : last + 1n;
    return last;
  };
}
