/** The settings of a Ceph cluster of one machine: one copy of everything, small caches, no passwords inside. */
export function cephConfiguration(options: {
  folder: string;
  clusterId: string;
  monitorPort: number;
  gatewayPort: number;
}): string {
  const { folder, clusterId, monitorPort, gatewayPort } = options;
  const settings = {
    fsid: clusterId,
    'mon host': `v2:127.0.0.1:${monitorPort}`,
    'mon initial members': 'a',
    'public addr': '127.0.0.1',
    'ms bind msgr1': false,
    'auth cluster required': 'none',
    'auth service required': 'none',
    'auth client required': 'none',
    // Gateways ask for an encrypted channel by default, which there is not without passwords.
    'ms mon client mode': 'crc',
    'run dir': `${folder}/run`,
    'admin socket': '',
    'crash dir': `${folder}/log`,
    'log file': `${folder}/log/$name.log`,
    'mon cluster log file': `${folder}/log/cluster.log`,
    'mon data': `${folder}/monitor`,
    'osd data': `${folder}/disk`,
    'rgw data': `${folder}/gateway`,
    // Each pool that the gateway makes waits for these.
    'paxos propose interval': 0.02,
    'paxos min wait': 0.01,
    'mon allow pool size one': true,
    'mon max pg per osd': 1_000,
    'mon data avail warn': 2,
    'mon data avail crit': 1,
    'osd pool default size': 1,
    'osd pool default min size': 1,
    'osd pool default pg num': 1,
    'osd pool default pgp num': 1,
    'osd crush chooseleaf type': 0,
    'osd objectstore': 'bluestore',
    'bluestore block size': 4 * 1024 ** 3,
    'bluestore cache autotune': false,
    'bluestore cache size': 32 * 1024 ** 2,
    // Without it an answer waits 40 ms for the acknowledgement of its first packet.
    'rgw frontends': `beast endpoint=127.0.0.1:${gatewayPort} tcp_nodelay=1`,
    // A gateway that starts waits for those that were killed, until their watches run out.
    'osd client watch timeout': 2,
    'rgw cache enabled': false,
    'rgw thread pool size': 32,
    'rgw override bucket index max shards': 1,
    'rgw enable gc threads': false,
    'rgw enable lc threads': false,
    'rgw run sync thread': false,
    'debug rgw': 1,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  return `[global]\n${lines.join('\n')}\n`;
}
