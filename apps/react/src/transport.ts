/** Following jobs without React. */

export { isTerminal } from "./snapshot";
export type { Snapshot, Status } from "./wire";
