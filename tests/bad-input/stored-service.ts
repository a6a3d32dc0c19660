import { Service } from '../support/service.ts';
import { StoredBefore } from './stored-before.ts';

export interface StoredService {
  service: Service;
  before: StoredBefore;
  /** Of all that was stored when the service was started. */
  fingerprint: string;
}

/** A service that holds something to lose. */
export async function startStoredService(): Promise<StoredService> {
  const service = await Service.start();
  try {
    const before = await StoredBefore.create(service);
    return { service, before, fingerprint: await before.fingerprint() };
  } catch (error) {
    await service[Symbol.asyncDispose]();
    throw error;
  }
}
