import { BudaoError } from '../contract/errors.ts';

/** The base URL without its trailing slash. @throws BudaoError endpoint_address_invalid */
export function checkBaseUrl(baseUrl: string, name: string): string {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : null;
  const problem =
    url === null || !/^https?:$/.test(url.protocol)
      ? 'is not an http or https address'
      : url.username !== '' || url.password !== ''
        ? 'holds a user name or password; give the key as the API key instead'
        : url.search !== '' || url.hash !== ''
          ? 'has a query or fragment; give the address up to and including /v1'
          : null;
  if (problem !== null) {
    throw new BudaoError(
      'invalid',
      'endpoint_address_invalid',
      `The base URL of endpoint "${name}" ${problem}`,
      {
        param: 'baseUrl',
      },
    );
  }
  return url!.href.replace(/\/+$/, '');
}
