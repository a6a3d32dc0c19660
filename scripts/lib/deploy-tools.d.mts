export function ensureDeployTools(root: string): Promise<{ helm: string; kubectl: string; modules: string }>;
