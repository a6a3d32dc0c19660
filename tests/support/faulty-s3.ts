import { afterAll, beforeAll, beforeEach } from 'vitest';
import { type S3Server, startS3 } from './s3-server.ts';
import { S3FaultProxy } from './s3-server-faults.ts';

export interface FaultyS3 {
  readonly server: S3Server;
  /** Stands before the server, and lets everything through until a test chooses otherwise. */
  readonly proxy: S3FaultProxy;
  /** Another one, empty, in each test. */
  readonly bucket: string;
}

/** An object store with a fault proxy for all tests of a file. */
export function faultyS3(): FaultyS3 {
  let server: S3Server;
  let proxy: S3FaultProxy;
  let bucket: string;
  beforeAll(async () => {
    server = await startS3();
    proxy = await S3FaultProxy.before(server);
  }, 120_000);
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    proxy.choose = () => null;
    proxy.seen.length = 0;
    bucket = await server.createBucket();
  });
  return {
    get server() {
      return server;
    },
    get proxy() {
      return proxy;
    },
    get bucket() {
      return bucket;
    },
  };
}
