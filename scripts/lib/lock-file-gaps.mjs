const OPERATING_SYSTEM = /(?:^|[-/])(android|darwin|freebsd|linux|openharmony|win32)(?=-|$)/;
const PROCESSOR = /-(arm64|arm|ia32|loong64|ppc64|riscv64|s390x|x64)(?=-|$)/;
const C_LIBRARY = /-(gnu|musl)(?:eabihf|eabi)?$/;

/**
 * The optional packages that a lock file depends on without listing them, each with the entry that it lacks: the
 * version that is asked for, and the platform that its name tells. Such an entry has no checksum.
 */
export function lockFileGaps(packages) {
  return Object.entries(packages).flatMap(([path, parent]) =>
    Object.entries(parent.optionalDependencies ?? {})
      .filter(([name]) => !isListed(packages, path, name))
      .map(([name, version]) => ({ name, entry: { version, ...platformOf(name), ...flagsOf(parent) } })),
  );
}

/** Looks where Node would: beside the parent, then further and further up. */
function isListed(packages, parentPath, name) {
  for (
    let folder = parentPath;
    ;
    folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))
  ) {
    if (`${folder === '' ? '' : `${folder}/`}node_modules/${name}` in packages) return true;
    if (folder === '') return false;
  }
}

function platformOf(name) {
  const [, os] = OPERATING_SYSTEM.exec(name) ?? [];
  const [, cpu] = PROCESSOR.exec(name) ?? [];
  const [, library] = C_LIBRARY.exec(name) ?? [];
  if (os === undefined || cpu === undefined) throw new Error(`The name ${name} does not tell its platform.`);
  const libc =
    os === 'linux' && library !== undefined ? { libc: [library === 'gnu' ? 'glibc' : 'musl'] } : {};
  return { cpu: [cpu], ...libc, os: [os] };
}

function flagsOf(parent) {
  return { ...(parent.dev === true ? { dev: true } : {}), optional: true };
}
