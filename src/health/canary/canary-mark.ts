/** Marks the health check's question in its metadata, for whoever reads the runs. */
export const CANARY_MARK = 'budao_canary';
