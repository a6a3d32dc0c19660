import type { Signer } from '../../recovery/repository/signing.ts';

export interface ConcludeOptions {
  /** Where reports of this installation or operator are kept, one folder for each drill; earlier ones are compared. */
  archive: string;
  /** Null signs with a key of the archive's own, made when it is first needed. */
  signer: Signer | null;
  /** Of the page for people; the JSON has none. */
  language: 'zh' | 'en';
  programVersion: string;
}
