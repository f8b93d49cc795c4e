import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const react18 = (name: string) => fileURLToPath(new URL(`react18/node_modules/${name}`, import.meta.url));

export default defineConfig({
  build: {
    target: "es2022",
    sourcemap: true,
    lib: {
      entry: { index: "src/index.ts", hooks: "src/hooks.ts", transport: "src/transport.ts" },
      formats: ["es"],
    },
    rolldownOptions: { external: ["react", "react/jsx-runtime"], output: { minify: true } },
  },
  test: {
    testTimeout: 20_000,
    restoreMocks: true,
    setupFiles: ["tests/setup.ts"],
    projects: [
      {
        extends: true,
        test: { name: "React 19", env: { REACT_MAJOR: "19" }, include: ["tests/**/*.test.{ts,tsx}"] },
      },
      {
        extends: true,
        test: {
          name: "React 18",
          env: { REACT_MAJOR: "18" },
          server: { deps: { inline: ["@testing-library/react"] } },
          include: ["tests/**/*.test.tsx"],
          // One worker runs one job at a time.
          exclude: ["tests/real.test.tsx"],
        },
        resolve: {
          alias: {
            // As a module, which can be given another react-dom than the one beside it.
            "@testing-library/react": "@testing-library/react/dist/@testing-library/react.esm.js",
            "react-dom": react18("react-dom"),
            react: react18("react"),
          },
        },
      },
    ],
  },
});
