import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId } from '../../contract/ids.ts';
import { openSqliteLedger } from '../../stores/ledger/sqlite-ledger.ts';
import { type Configuration, loadConfiguration } from '../configuration.ts';
import { dataFolderAt, prepareDataFolder } from '../data-folder.ts';
import { type CheckOutcome, type OpenPlace, type Place } from './check.ts';

/** An installation that has never run: a data folder with a ledger, in a place of its own. */
export class TestPlace implements AsyncDisposable {
  readonly root: string;
  readonly dataDir: string;

  private constructor(root: string) {
    this.root = root;
    this.dataDir = join(root, 'data');
  }

  static async make(): Promise<TestPlace> {
    const place = new TestPlace(await mkdtemp(join(tmpdir(), 'budao-doctor-')));
    await prepareDataFolder(dataFolderAt(place.dataDir));
    const ledger = await openSqliteLedger({ path: dataFolderAt(place.dataDir).ledger });
    await ledger.transaction((tx) =>
      tx.run(`INSERT INTO setting (name, value, updated_at) VALUES ('installation.id', :id, :now)`, {
        id: newId('installation'),
        now: Date.now(),
      }),
    );
    await ledger[Symbol.asyncDispose]();
    return place;
  }

  async configure(settings: object = {}): Promise<Configuration> {
    const configFile = join(this.root, 'budao.yaml');
    await writeFile(configFile, JSON.stringify(settings));
    return loadConfiguration({ BUDAO_PORT: '0' }, { configFile, dataDir: this.dataDir });
  }

  async at(options: Partial<Place> & { settings?: object } = {}): Promise<Place> {
    const { settings, ...rest } = options;
    const configuration = await this.configure(settings);
    const folder = dataFolderAt(this.dataDir);
    return { configuration, folder, fix: false, deep: false, now: Date.now(), ...rest };
  }

  /** With its ledger, for as long as `work` lasts. */
  async open<T>(work: (place: OpenPlace) => Promise<T>, options: Partial<Place> = {}): Promise<T> {
    await using ledger = await openSqliteLedger({ path: dataFolderAt(this.dataDir).ledger });
    return await work({ ...(await this.at(options)), ledger });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.root, { recursive: true, force: true });
  }
}

/** What the tests compare: how each check ended. */
export function results(outcomes: readonly CheckOutcome[]): string[] {
  return outcomes.map(({ check, result }) => `${check} ${result}`);
}
