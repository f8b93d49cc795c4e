import { defineConfig } from "vite";

/** The page that the API serves at `/ui`. */
export default defineConfig({
  root: import.meta.dirname,
  base: "/ui/",
  logLevel: "warn",
  // A strict content security policy takes no `data:` addresses.
  build: { target: "es2022", assetsInlineLimit: 0, emptyOutDir: true },
});
