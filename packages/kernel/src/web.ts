// Public names of @elf/kernel/web.
export { type WebScope, webClock, webEntropy } from './host/web/web-clock.ts';
