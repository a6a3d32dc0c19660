import { describe, expect, it } from 'vitest';
import { zipOf } from '../../../tests/fixtures/documents/build-zip.ts';
import { ZipArchive } from './zip-archive.ts';

const limits = { maxUnpackedBytes: 1000 };

describe('ZipArchive', () => {
  it('counts what it really inflates, so that reading a part again and again cannot exceed the limit', async () => {
    const archive = await ZipArchive.open(await zipOf({ a: Buffer.alloc(600) }), limits);
    expect((await archive.read('a'))?.length).toBe(600);
    await expect(archive.read('a')).rejects.toMatchObject({ code: 'unpacks_too_large' });
  });

  it('refuses a part whose checksum is wrong instead of handing out damaged text', async () => {
    const zip = await zipOf({ a: Buffer.from('text') });
    const central = zip.lastIndexOf('PK\x01\x02');
    zip.writeUInt32LE(0xdeadbeef, central + 16);
    const archive = await ZipArchive.open(zip, limits);
    await expect(archive.read('a')).rejects.toMatchObject({ code: 'corrupt_document' });
  });

  it('takes names with .. as they stand, because nothing is written', async () => {
    const zip = await zipOf({ 'aa/bb/cc': Buffer.from('x') });
    const traversal = Buffer.from(zip.toString('latin1').replaceAll('aa/bb/cc', '../../cc'), 'latin1');
    const archive = await ZipArchive.open(traversal, limits);
    expect(archive.names).toEqual(['../../cc']);
    expect(String(await archive.read('../../cc'))).toBe('x');
  });

  it('says that a part is missing by null', async () => {
    const archive = await ZipArchive.open(await zipOf({ a: 'x' }), limits);
    expect(await archive.read('b')).toBeNull();
  });
});
