import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const address = process.env.VITE_HEADWAY_URL ?? "";

/** The page as Vite serves it while it is written; the lesson's components get the API's address in place of their own. */
export default defineConfig({
  root: import.meta.dirname,
  cacheDir: process.env.VITE_CACHE ?? "node_modules/.vite",
  logLevel: "warn",
  resolve: {
    alias: { react: here("../../node_modules/react"), "react-dom": here("../../node_modules/react-dom") },
  },
  server: { fs: { allow: [here("../../../..")] }, host: "127.0.0.1", strictPort: true },
  plugins: [
    {
      name: "lesson-address",
      transform: (code, id) =>
        id.includes("/tests/lesson/react/")
          ? { code: code.replace("localhost:8000", address.replace("http://", "")), map: null }
          : null,
    },
  ],
});
