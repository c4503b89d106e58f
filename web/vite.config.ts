/// <reference types="vitest/config" />
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

// The server that answers while one works on the page: `make web-dev`.
const backend = process.env['ADVAKOD_BACKEND'] ?? 'http://127.0.0.1:8000';
const proxied = ['/api', '/v1', '/docs', '/openapi.json', '/health', '/ready', '/metrics'];

export default defineConfig({
  plugins: [svelte()],
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    // Never data: URLs: the policy allows our own origin alone.
    assetsInlineLimit: 0,
    outDir: '../src/advakod/web/static',
    emptyOutDir: true,
    reportCompressedSize: false,
  },
  server: {
    host: '127.0.0.1',
    proxy: Object.fromEntries(proxied.map((path) => [path, { target: backend, changeOrigin: false, ws: true }])),
  },
  test: { include: ['tests/**/*.test.ts'], environment: 'node', restoreMocks: true },
});
