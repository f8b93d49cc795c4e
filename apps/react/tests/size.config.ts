import { defineConfig } from "vite";

/** All of `headway-react/hooks` as one file, as a page's own build would carry it, for a test that weighs it. */
export default defineConfig({
  logLevel: "warn",
  // A library's build would carry the whole of the environment; a page's carries the one value.
  define: { "import.meta.env": "undefined" },
  build: {
    target: "es2022",
    lib: { entry: "src/hooks.ts", formats: ["es"], fileName: "hooks" },
    rolldownOptions: { external: ["react"], output: { minify: true } },
  },
});
