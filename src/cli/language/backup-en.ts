/** What the commands of snapshots and restores say in English. */
export const backupEn = {
  backup: {
    description: 'snapshots of the whole installation, in one or more repositories',
    config: 'configuration file that names the repositories (BUDAO_CONFIG)',
    repo: 'repository as backup.repositories calls it, or the path of its folder',
    init: 'make a repository in an empty folder or bucket',
    newKey: 'make a recovery key and write it to this file',
    recipient: 'who can restore, as age1…; may be given several times',
    appendOnly: 'the program can add to it, and neither change nor delete',
    made: (place: string): string => `A repository was made in ${place}.`,
    keep: (file: string): string =>
      `The recovery key is in ${file}. Print it or carry it away, and keep it apart from the repository: without it ` +
      'nobody can restore, and whoever has it reads everything.',
    create:
      'take a snapshot while the service goes on working, into every repository of the settings or the named one',
    label: 'a remark that is kept with the snapshot, readable without the key',
    phases: { ledger: 'ledger', documents: 'documents', publishing: 'finishing' },
    rows: (rows: number): string => `${rows} rows`,
    cancelled: 'The snapshot was cancelled; what was copied serves the next one.',
    created: (id: string, added: string, whole: string): string =>
      `Snapshot ${id}: ${whole}, of which ${added} had to be added.`,
    failed: (repository: string, message: string): string => `${repository}: NO snapshot. ${message}`,
    partly: (failed: string): string =>
      `Not successful: ${failed} did not get a snapshot. What the others have is whole and can be restored.`,
    counts: (documents: number, conversations: number, workspaces: number): string =>
      `${documents} documents, ${conversations} conversations, ${workspaces} workspaces.`,
    verify: 'read what the snapshots need, and compare every byte with its hash',
    verifyKey: 'file with the recovery key; without it only stored bytes are compared',
    share: 'how much is read, in percent; that all files are there is always looked at',
    reading: 'reading',
    concerned: (snapshots: number): string => `(${snapshots} snapshots cannot be restored whole)`,
    verified: (snapshots: number, read: number, packs: number, bytes: string): string =>
      `${snapshots} snapshots; ${read} of ${packs} packs read, ${bytes}.`,
    withoutKey: 'Nothing was opened: give --key to check what is inside, too.',
    whole: 'Everything is whole.',
    prune: 'show which snapshots backup.retention lets go, and with --yes remove them',
    pruneKey: 'file with the recovery key; with it small packs are put together, too',
    yes: 'carry it out',
    kept: (count: number): string => `${count} snapshots are kept.`,
    noneGo: 'None may go.',
    go: (count: number): string => `${count} may go:`,
    streamsGo: (count: number, until: string): string =>
      `${count} stretches of the stream of changes may go: the points in time until ${until}.`,
    freed: (files: number, bytes: string): string => `${files} files that nothing needs any more, ${bytes}.`,
    sayYes: 'Nothing was changed: give --yes to carry it out.',
    pruned: 'Done.',
    status: 'how far the stream of changes is: what would be lost with this machine now',
    adopt:
      'make an installation of its own out of a database, or a machine, that was brought back by other means',
    adopted: (before: string, now: string): string =>
      `This installation is ${now} now; it was ${before}. Leases, sessions and claims of before are over; the index is filled anew.`,
    wouldAdopt: (before: string): string =>
      `The installation ${before} would get a new identity. Nothing was changed.`,
    allThere: (documents: number): string => `The content of all ${documents} documents is there.`,
    notThere: (missing: number, documents: number, names: string): string =>
      `[!] The content of ${missing} of ${documents} documents is NOT there: ${names}. Bring the folder or bucket of documents back to the same time or a later one.`,
    streams: {
      repository: 'REPOSITORY',
      phase: 'STATE',
      lag: 'BEHIND',
      from: 'FROM',
      until: 'UNTIL',
      installation: 'INSTALLATION',
      segments: 'SEGMENTS',
      gaps: 'GAPS',
    },
    streamPhases: {
      starting: 'starting',
      base: 'storing a whole copy',
      shipping: 'shipping',
      waiting: 'WAITING',
      archived: 'archived by the database',
    },
    noStream:
      'Nothing is shipped: no repository is configured, backup.stream.enabled is off, or the service never ran.',
    covered: 'Points in time that can be restored with --to:',
    rpo: (seconds: string): string =>
      `Lost with this machine now: what was acknowledged in the last ${seconds} s.`,
    noRpo: 'Nothing is covered yet: snapshots alone count.',
    list: 'list the snapshots of a repository, or of all in the settings',
    none: 'There is no snapshot yet.',
    unreadable: (key: string, reason: string): string => `${key}: ${reason}`,
    titles: {
      id: 'SNAPSHOT',
      time: 'TAKEN',
      documents: 'DOCUMENTS',
      size: 'SIZE',
      added: 'ADDED',
      label: 'LABEL',
      repository: 'REPOSITORY',
    },
  },
  restore: {
    description: 'make an installation out of a snapshot, in an empty data folder or database',
    repo: 'repository: its name in the settings, or the path of its folder (default: all in the settings, each standing in for the others)',
    key: 'file with the recovery key',
    snapshot: 'which snapshot (default: the newest)',
    to: 'a point in time, such as 2026-11-21T10:00:00Z, or latest: from the stream of changes',
    toOrSnapshot: 'Give --to or --snapshot, one of the two.',
    timeInvalid: (time: string): string =>
      `${JSON.stringify(time)} is no point in time: write it as 2026-11-21T10:00:00Z or 2026-11-21T18:00:00+08:00, or latest.`,
    point: (since: string, until: string): string =>
      `Everything acknowledged before ${since} is in it, and nothing that came after ${until}.`,
    replace: 'put aside what is there, and take its place',
    dryRun: 'say what would happen, and change nothing',
    phases: { content: 'restoring', finishing: 'finishing' },
    plan: (id: string, time: string, size: string, place: string): string =>
      `Snapshot ${id} of ${time} (${size}) would be restored into ${place}.`,
    planReplace: 'An installation is there already: it takes --replace to put it aside.',
    planEmpty: 'Nothing is there that would be lost.',
    done: (id: string, time: string): string => `Snapshot ${id} of ${time} is restored.`,
    finished: (id: string): string =>
      `Snapshot ${id} had been restored before the command was killed; its last step is done now.`,
    content: (rows: number, blobs: number): string =>
      `${rows} rows and ${blobs} documents, each compared by its hash.`,
    leftOut: (count: number): string =>
      `${count} contents were not in the snapshot: they were damaged or deleted before it was taken, or are derived again.`,
    replaced: (place: string): string =>
      `What was there before is in ${place}. Delete it when nobody misses it.`,
    files: (files: string): string => `The settings of that time are in ${files}, for you to compare.`,
    source: (repositories: string, read: string): string =>
      `Repository: ${repositories}${read === '' ? '' : `; read: ${read}`}.`,
    usedFrom: (repository: string, objects: number): string => `${objects} objects of ${repository}`,
    trouble: (repository: string, message: string): string => `[!] ${repository}: ${message}`,
    other: (installation: string, snapshot: string, time: string): string =>
      `There are snapshots of another installation, ${installation}, too: the newest is ${snapshot} of ${time}.`,
    part: {
      workspace: 'bring only this workspace back, by id or name, beside what is there',
      knowledgeBase: 'bring only this knowledge base back, with its documents',
      conversation: 'bring only this conversation back',
      document: 'bring only this document back, into the knowledge bases that it was in',
      into: 'workspace to bring it back to (default: the one it was in)',
      as: 'who gets what belonged to people who are gone (default: the first owner)',
      oneOnly: 'Only one of --workspace, --knowledge-base, --conversation and --document can be given.',
      needsPart: '--into and --as go with --workspace, --knowledge-base, --conversation or --document.',
      noTime: '--to is for whole installations: a part comes back out of a snapshot, which --snapshot names.',
      noReplace:
        '--replace is for whole installations: a part comes back beside what is there, and replaces nothing.',
      phases: { reading: 'reading', content: 'documents', rows: 'restoring' },
      kinds: {
        workspace: 'workspace',
        knowledge_base: 'knowledge base',
        conversation: 'conversation',
        document: 'document',
      },
      knowledgeBases: 'Knowledge bases',
      documents: 'Documents',
      conversations: 'Conversations',
      cancelled: 'Cancelled. What is visible is whole; the same command goes on from here.',
      source: (id: string, time: string, repositories: string): string =>
        `From snapshot ${id} of ${time} (${repositories}).`,
      ofAnother: (installation: string): string =>
        `That snapshot was taken of another installation, ${installation}.`,
      would: (kind: string, name: string, workspace: string): string =>
        `The ${kind} "${name}" would come back to the workspace "${workspace}":`,
      did: (kind: string, name: string, workspace: string): string =>
        `The ${kind} "${name}" is back in the workspace "${workspace}":`,
      newWorkspace: (name: string): string =>
        `The workspace "${name}" itself comes back, with those members who are still here.`,
      counts: (name: string, back: number, copy: number, there: number): string =>
        `  ${name}: ${back} under their own ids, ${copy} under new ones, ${there} there already and left as they are`,
      renamed: (kind: string, name: string, from: string, id: string): string =>
        `  The id ${from} is taken: the ${kind} "${name}" has the new id ${id}`,
      contents: (count: number, bytes: string, there: number): string =>
        `  Contents: ${count} to copy (${bytes}), ${there} there already`,
      moved: (from: string, things: number, to: string): string =>
        `  ${from} is no longer here: ${things} of theirs belong to ${to}`,
      leftOut: (name: string, reason: string): string => `  LEFT OUT: ${name}: ${reason}`,
      nothing: 'Nothing is missing here: nothing to do.',
      estimate: (seconds: number): string =>
        `It should take about ${seconds} s, by how quickly the snapshot was read just now. Nothing was changed.`,
      took: (seconds: number): string => `It took ${seconds} s.`,
      index:
        'The documents can be found as soon as they are in the index; `budao runs` shows how far that is.',
    },
    next: (folder: string): string =>
      `Start the service (npm run up, or budao up) with the data folder ${folder}. It fills its index first, and says ` +
      'so at /startupz. People sign in again; API keys stay valid.',
  },
};
