// The build of the page: static files with relative addresses, so that it can be served from any folder.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

export default defineConfig({
  base: './',
  resolve: { alias: { '@fixtures': fileURLToPath(new URL('../../fixtures', import.meta.url)) } },
  build: { target: 'es2022', sourcemap: true },
  worker: { format: 'es' },
});
