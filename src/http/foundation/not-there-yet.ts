/** What a check rejects with for something that is on its way. */
export class NotThereYet extends Error {
  /** From 0 to 1. */
  readonly progress: number;

  constructor(message: string, progress: number) {
    super(message);
    this.name = 'NotThereYet';
    this.progress = progress;
  }
}
