import { WebSocket } from "ws";

if (typeof document !== "undefined") {
  // jsdom's own sockets take the events of its window for foreign ones, and never open.
  Object.assign(globalThis, { WebSocket });
  const { configure } = await import("@testing-library/react");
  configure({ asyncUtilTimeout: 15_000 });
}
