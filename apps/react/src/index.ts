/** Everything: transport, hooks and components. */

export { Bar, type BarProps } from "./Bar";
export * from "./hooks";
export { JobButtons } from "./JobButtons";
export { JobEnd } from "./JobEnd";
export { JobList, type JobListProps } from "./JobList";
export { default as JobLive } from "./JobLive";
export { default as JobPoller } from "./JobPoller";
export { JobProgress, type JobProgressProps } from "./JobProgress";
export { NestedBars } from "./NestedBars";
export * from "./transport";
