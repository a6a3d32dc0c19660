import { spawn } from 'node:child_process';
import { pinnedNode } from './pinned-node.mjs';

/** Starts a script under the pinned Node. `onFailure` is told in words why it could not be started at all. */
export function spawnNode(root, args, options, onFailure = endWithReason) {
  const node = pinnedNode(root);
  const child = spawn(node, args, options);
  child.once('error', (error) => onFailure(whyNotStarted(node, error)));
  return child;
}

/** Without the program nothing of what was asked can be done. */
function endWithReason(reason) {
  process.stderr.write(`budao: ${reason}\n`);
  process.exit(2);
}

function whyNotStarted(node, error) {
  const remedies = {
    ENOENT: 'It is not there: delete the folder node_modules and run this again, which installs it anew',
    EACCES: `It may not be executed: check its permissions (chmod +x ${node}) and that its file system is not mounted noexec`,
    ENOEXEC:
      'It is for another kind of machine: delete the folder node_modules and run this again, which installs the right one',
    EAGAIN: 'The system takes no more processes: end some, or raise the limit of this user (ulimit -u)',
    ENOMEM: 'The system is out of memory: end other programs, or add some',
  };
  const remedy = remedies[error.code] ?? 'Delete the folder node_modules and run this again';
  return `Node (${node}) cannot be started (${error.code ?? error.message}). ${remedy}.`;
}
