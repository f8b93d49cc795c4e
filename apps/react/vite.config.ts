import { defineConfig } from "vitest/config";

export default defineConfig({
  build: {
    target: "es2022",
    sourcemap: true,
    lib: {
      entry: { index: "src/index.ts", hooks: "src/hooks.ts", transport: "src/transport.ts" },
      formats: ["es"],
    },
    rollupOptions: { external: ["react", "react/jsx-runtime"] },
  },
});
