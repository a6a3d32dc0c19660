/** What the commands of kits say in English. */
export const kitEn = {
  kit: {
    description: 'one archive from which a bare machine without a network is serving again by one command',
    create: 'make a kit: program, settings, newest snapshot, models, instructions',
    out: 'the archive to make; it must not be there yet',
    knowledge: 'how many documents go in',
    models: 'put the configured model folder in, too',
    recipient: 'who can open it, as age1…; several times (default: the keys of the configured repositories)',
    level: 'how much time is spent on making it small, from 1 to 19',
    verify: 'read every byte of a kit and compare it with its checksums and signature',
    verifyFile: 'the archive',
    open: 'in an unpacked kit: restore what it holds; start.sh calls this',
    openKit: 'folder of the unpacked kit',
    key: 'file with the recovery key',
    host: 'address to listen on',
    port: 'port to listen on',
    steps: {
      snapshot: 'taking a snapshot',
      program: 'packing the program',
      models: 'copying models',
      archive: 'writing the archive',
    },
    parts: {
      'node.gz': 'Node, which runs it',
      'program.tar.zst': 'program',
      repository: 'snapshot',
      models: 'models',
    } as Record<string, string>,
    others: 'instructions and settings',
    made: (path: string, size: string, documents: number): string =>
      `${path}: ${size}, ${documents} documents.`,
    use: (path: string): string =>
      `On a bare machine: tar -xf ${path} && sh budao-kit/start.sh --key budao-recovery.key`,
    missingModel: (folder: string): string =>
      `The embedding model ${folder} is not in it: there, search goes by words alone. Give --models to take it along.`,
    whole: (path: string, files: number, size: string): string =>
      `${path} is whole: ${files} files, ${size}.`,
    signedBy: (key: string, installation: string): string => `Signed by ${key} for ${installation}.`,
    restored: (id: string, folder: string): string => `Snapshot ${id} is restored into ${folder}.`,
    isThere: (folder: string): string => `What the kit held is in ${folder} already.`,
    levelInvalid: '--level takes a whole number from 1 to 19.',
    noRecipient:
      'Nobody could open it: name a recovery key with --recipient age1…, or configure a repository (its keys are taken).',
  },
};
