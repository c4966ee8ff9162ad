// What is wrong with an image file, in one sentence.

/** An image that cannot be used. */
export class ImageError extends Error {
  override readonly name = 'ImageError';
}
