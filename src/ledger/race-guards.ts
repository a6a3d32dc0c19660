/** Unique indexes of the schema that no statement violates unless another transaction was quicker: do it again. */
export const RACE_GUARDS: ReadonlySet<string> = new Set(['run_subject_held']);
