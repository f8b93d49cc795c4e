/** Following jobs without React. */

export { type Action, type Api, ApiError, type ApiOptions, DEFAULT_URL } from "./api";
export { Headway, type HeadwayOptions } from "./headway";
export type { Connection, JobProblem, JobView } from "./job";
export { isTerminal } from "./snapshot";
export type { Bar, Control, JobError, Problem, Snapshot, Status, TaskInfo } from "./wire";
