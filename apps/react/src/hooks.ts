/** The hooks, without the components; what they are made of is in `transport`. */

export { HeadwayProvider, type HeadwayProviderProps, useHeadway } from "./provider";
export type { ListedJob } from "./together";
export type * from "./transport";
export { useJob } from "./use-job";
export { type JobActions, useJobActions } from "./use-job-actions";
export { type JobFilter, type Jobs, type UseJobsOptions, useJobs } from "./use-jobs";
export { type Task, type UseTaskOptions, useTask } from "./use-task";
