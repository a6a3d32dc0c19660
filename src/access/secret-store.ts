/** Secrets of the installation: 32 random bytes each, created when first read, the same for every process. */
export interface SecretStore {
  /** @throws BudaoError secret_damaged, secret_unavailable */
  read(name: string): Promise<Uint8Array>;
}
