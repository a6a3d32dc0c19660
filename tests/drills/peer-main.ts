// One of the small servers as a process of its own, which can be killed: npx node tests/drills/peer-main.ts PORT PIDFILE
import { writeFileSync } from 'node:fs';
import { anythingLlmRoutes, startPeer } from './peer-servers.ts';

const [port = '', pidFile = ''] = process.argv.slice(2);
await startPeer(anythingLlmRoutes, Number(port));
writeFileSync(pidFile, String(process.pid));
