import { WebSocket } from "ws";

// jsdom's own sockets take the events of its window for foreign ones, and never open.
if (typeof document !== "undefined") Object.assign(globalThis, { WebSocket });
