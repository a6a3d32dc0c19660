import { existsSync } from 'node:fs';

/** The Node that the lock file names, whatever Node runs the scripts. */
export function pinnedNode(root) {
  const path = `${root}/node_modules/node/bin/node`;
  return existsSync(path) ? path : process.execPath;
}
