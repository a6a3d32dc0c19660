import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const apiOrigin = 'http://127.0.0.1:7860';

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  build: {
    target: 'es2022',
    outDir: 'dist',
    emptyOutDir: true,
    // Nothing is inlined, so that a strict content security policy can serve the console.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The rooms are files of their own; React is one, as it changes less often than the component library.
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [{ name: 'react', test: /node_modules[\\/](?:react|react-dom|scheduler)[\\/]/ }],
        },
      },
    },
  },
  server: { proxy: { '/v1': apiOrigin, '/auth': apiOrigin, '/ops': apiOrigin, '/livez': apiOrigin } },
});
