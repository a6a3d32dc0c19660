const LINE = /^(?<indent>[│ ]*)[├└]── (?<segment>\S+)(?: \((?<methods>[^)]*)\))?$/;
const INDENT_CHARACTERS = 4;

/** `GET /v1/files/:id` and so on, sorted, from the tree that Fastify prints without common prefixes. */
export function printedRoutes(tree: string): string[] {
  const parents: string[] = [];
  return tree
    .split('\n')
    .filter((line) => line.trim() !== '')
    .flatMap((line) => {
      const { indent, segment, methods } = LINE.exec(line)?.groups ?? {};
      if (indent === undefined || segment === undefined)
        throw new Error(`not a line of a route tree: ${line}`);
      const depth = indent.length / INDENT_CHARACTERS;
      const isWildcard = segment === '*';
      const path = `${parents[depth - 1] ?? ''}${isWildcard ? '/*' : segment}`;
      parents.length = depth;
      parents.push(path);
      return (methods ?? '')
        .split(', ')
        .filter((method) => method !== '' && method !== 'HEAD')
        .map((method) => `${method} ${path}`);
    })
    .sort();
}
