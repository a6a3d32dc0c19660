/** Holds answers of a running service against what its own OpenAPI document says of them. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

interface Content {
  content?: Record<string, { schema: object }>;
}
interface Document {
  paths: Record<string, Record<string, { responses: Record<string, Content> }>>;
  components: { schemas: Record<string, object> };
}

export interface AnswerToCheck {
  method: string;
  /** With or without a query. */
  path: string;
  status: number;
  contentType: string | null;
  text: string;
}

export class ReplySchemas {
  readonly #document: Document;
  readonly #ajv = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true });
  readonly #routes: { path: string; pattern: RegExp }[];
  readonly #validators = new Map<string, ValidateFunction>();

  private constructor(document: Document) {
    this.#document = closed(document);
    this.#ajv.addVocabulary(['openapi', 'info', 'components', 'paths', 'discriminator']);
    this.#ajv.addSchema({ $id: 'openapi', ...this.#document });
    // A place that is spelled out goes before one that is a parameter.
    this.#routes = Object.keys(document.paths)
      .sort((one, other) => parameterCount(one) - parameterCount(other))
      .map((path) => ({ path, pattern: patternOf(path) }));
  }

  static async of(url: string): Promise<ReplySchemas> {
    const response = await fetch(`${url}/openapi.json`);
    if (!response.ok) throw new Error(`/openapi.json: ${response.status} ${await response.text()}`);
    return new ReplySchemas((await response.json()) as Document);
  }

  /**
   * @returns the route, as `GET /v1/files/{id}`; null for an address that the document does not know
   * @throws where the answer is not what the document says
   */
  check({ method, path, status, contentType, text }: AnswerToCheck): string | null {
    const [address = ''] = path.split('?');
    const verb = method.toLowerCase();
    const found = this.#routes.find(
      (route) => route.pattern.test(address) && this.#document.paths[route.path]?.[verb] !== undefined,
    );
    const responses = this.#document.paths[found?.path ?? '']?.[verb]?.responses;
    if (found === undefined || responses === undefined) return null;
    const route = `${method} ${found.path}`;
    const kind = status >= 400 ? 'default' : String(status);
    const says = (what: string) => new Error(`${route} answered ${status}: ${what}\n${text.slice(0, 2_000)}`);
    const response = responses[kind];
    if (response === undefined) throw says(`the document knows only ${Object.keys(responses).join(', ')}`);
    const type = contentType?.split(';')[0] ?? null;
    if (response.content === undefined) {
      if (text !== '') throw says('the document says that it has no body');
      return route;
    }
    const isFile = response.content['application/octet-stream'] !== undefined;
    if (isFile) return route;
    if (type === null || response.content[type] === undefined) {
      throw says(`its type is ${type}, the document has ${Object.keys(response.content).join(', ')}`);
    }
    if (!type.endsWith('json')) return route;
    const pointer = ['paths', found.path, verb, 'responses', kind, 'content', type, 'schema'];
    const validate = this.#validatorAt(`openapi#/${pointer.map(escapePointer).join('/')}`);
    if (!validate(JSON.parse(text))) throw says(this.#ajv.errorsText(validate.errors, { separator: '\n' }));
    return route;
  }

  #validatorAt(reference: string): ValidateFunction {
    const known = this.#validators.get(reference);
    if (known !== undefined) return known;
    const validate = this.#ajv.compile({ $ref: reference });
    this.#validators.set(reference, validate);
    return validate;
  }
}

/** Readers must not mind fields that come later; here a field that the document does not name is a mistake. */
function closed(document: Document): Document {
  return JSON.parse(JSON.stringify(document), (_key, value: unknown) => {
    const schema = value as { type?: unknown; properties?: object; additionalProperties?: unknown } | null;
    const isOpenObject =
      schema?.type === 'object' &&
      schema.properties !== undefined &&
      schema.additionalProperties === undefined;
    return isOpenObject ? { ...schema, additionalProperties: false } : value;
  }) as Document;
}

function patternOf(path: string): RegExp {
  const isWildcard = path === '/v1/models/{model}';
  const source = path.replaceAll(/[.]/g, '\\$&').replaceAll(/\{\w+\}/g, isWildcard ? '.+' : '[^/]+');
  return new RegExp(`^${source}$`);
}

function parameterCount(path: string): number {
  return path.split('{').length;
}

function escapePointer(part: string): string {
  return encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'));
}
