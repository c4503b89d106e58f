/// <reference types="vitest/config" />
import { readFileSync } from 'node:fs';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type Plugin } from 'vite';

/** `/docs` is Swagger UI as its package ships it; the server writes the page around it. */
const docs: Plugin = {
  name: 'docs',
  apply: 'build',
  generateBundle() {
    for (const name of ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png']) {
      const source = readFileSync(new URL(`./node_modules/swagger-ui-dist/${name}`, import.meta.url));
      this.emitFile({ type: 'asset', fileName: `docs/${name}`, source });
    }
  },
};

// The server that answers while one works on the page: `make web-dev`.
const backend = process.env['ADVAKOD_BACKEND'] ?? 'http://127.0.0.1:8000';
const proxied = ['/api', '/v1', '/docs', '/openapi.json', '/health', '/ready', '/metrics'];

export default defineConfig({
  plugins: [svelte(), docs],
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    // Never data: URLs: the policy allows our own origin alone.
    assetsInlineLimit: 0,
    outDir: '../src/advakod/web/static',
    emptyOutDir: true,
    reportCompressedSize: false,
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  server: {
    host: '127.0.0.1',
    proxy: Object.fromEntries(proxied.map((path) => [path, { target: backend, changeOrigin: false, ws: true }])),
  },
  test: {
    include: ['tests/**/*.test.ts'],
    environment: 'node',
    restoreMocks: true,
    testTimeout: 120_000, // a test that hangs fails, one on a slow machine does not
    hookTimeout: 120_000,
  },
});
