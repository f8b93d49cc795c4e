export * from "./hooks";
