import { z } from 'zod';

export const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http:// or https:// address' });
export const filePath = z.string().min(1);

export const Bucket = z.strictObject({
  /** Address of the service without the bucket. */
  endpoint: httpUrl,
  region: z.string().min(1).default('us-east-1'),
  name: z.string().min(1),
  /** Before every key; ends in a slash. */
  prefix: z.string().default(''),
  addressing: z.enum(['path', 'virtual-host']).default('path'),
  /** A file as `~/.aws/credentials`, read anew when it changes. */
  credentialsFile: filePath,
  profile: z.string().min(1).default('default'),
  certificateAuthorityFile: filePath.nullable().default(null),
  checksum: z.enum(['none', 'sha256', 'md5']).default('none'),
});
export type Bucket = z.infer<typeof Bucket>;
