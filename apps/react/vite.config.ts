import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const ADDRESS = "import.meta.env?.VITE_HEADWAY_URL";
const STAND_IN = "__HEADWAY_URL__";

/** Leave the API's address to the build of the page that uses the kit. */
const leaveAddress: Plugin = {
  name: "leave-address",
  apply: "build",
  enforce: "pre",
  transform: (code) => (code.includes(ADDRESS) ? { code: code.replace(ADDRESS, STAND_IN), map: null } : null),
  generateBundle(_options, bundle) {
    for (const part of Object.values(bundle))
      if (part.type === "chunk") part.code = part.code.replace(STAND_IN, ADDRESS);
  },
};

const react18 = (name: string) => fileURLToPath(new URL(`react18/node_modules/${name}`, import.meta.url));

export default defineConfig({
  plugins: [leaveAddress],
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
    testTimeout: 45_000,
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
