import { expect, test } from 'vitest';
import { lockFileGaps } from './lock-file-gaps.mjs';

test('what a lock file leaves out is found, with the platform that its name tells', () => {
  const packages = {
    '': { devDependencies: { tool: '1.0.0' } },
    'node_modules/tool': {
      dev: true,
      optionalDependencies: {
        '@tool/linux-x64-gnu': '1.0.0',
        '@tool/linux-arm-musleabihf': '1.0.0',
        '@tool/darwin-arm64': '1.0.0',
      },
    },
    'node_modules/@tool/linux-x64-gnu': { version: '1.0.0' },
  };
  expect(lockFileGaps(packages)).toEqual([
    {
      name: '@tool/linux-arm-musleabihf',
      entry: { version: '1.0.0', cpu: ['arm'], libc: ['musl'], os: ['linux'], dev: true, optional: true },
    },
    {
      name: '@tool/darwin-arm64',
      entry: { version: '1.0.0', cpu: ['arm64'], os: ['darwin'], dev: true, optional: true },
    },
  ]);
});

test('a package counts as listed wherever its parent would find it', () => {
  const parent = { optionalDependencies: { 'native-win32-x64': '2.0.0' } };
  const nested = 'node_modules/app/node_modules/native';
  expect(lockFileGaps({ [nested]: parent, [`${nested}/node_modules/native-win32-x64`]: {} })).toEqual([]);
  expect(lockFileGaps({ [nested]: parent, 'node_modules/app/node_modules/native-win32-x64': {} })).toEqual(
    [],
  );
  expect(lockFileGaps({ [nested]: parent, 'node_modules/native-win32-x64': {} })).toEqual([]);
  expect(lockFileGaps({ [nested]: parent })).toHaveLength(1);
});

test('a name that does not tell its platform is left to people', () => {
  const packages = { 'node_modules/tool': { optionalDependencies: { 'tool-fast': '1.0.0' } } };
  expect(() => lockFileGaps(packages)).toThrow('tool-fast');
});
