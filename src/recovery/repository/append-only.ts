/** A repository in which nothing that is there is ever changed or removed, whoever has taken over this machine. */
import { BudaoError } from '../../contract/errors.ts';
import type { RepositoryStorage } from '../ports.ts';

export function appendOnly(storage: RepositoryStorage): RepositoryStorage {
  return {
    name: storage.name,
    async put(key, body) {
      if (!(await storage.putIfAbsent(key, body))) throw refused(storage.name, key);
    },
    async putFile(key, path) {
      for await (const found of storage.list(key)) if (found.key === key) throw refused(storage.name, key);
      await storage.putFile(key, path);
    },
    putIfAbsent: (key, body) => storage.putIfAbsent(key, body),
    get: (key) => storage.get(key),
    read: (key) => storage.read(key),
    list: (prefix) => storage.list(prefix),
    async delete(key) {
      throw refused(storage.name, key);
    },
  };
}

function refused(name: string, key: string): BudaoError {
  return new BudaoError(
    'forbidden',
    'repository_append_only',
    `${name} is append-only: ${key} stays as it is. Whoever owns the place prunes it, with a key that this machine does not have.`,
  );
}
