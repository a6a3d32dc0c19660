/** Conversations with a real SMTP server. */
import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { expect, test } from 'vitest';
import { createEmailNotifier, type EmailOptions } from './email.ts';
import { deliveryOf } from './testing.ts';

interface Mail {
  from: string;
  to: string[];
  user: unknown;
  text: string;
}

async function startServer(options: SMTPServerOptions = {}) {
  const mails: Mail[] = [];
  const server = new SMTPServer({
    hideSTARTTLS: true,
    allowInsecureAuth: true,
    onAuth: ({ username, password }, _session, done) =>
      username === 'budao' && password === 'right'
        ? done(null, { user: username })
        : done(new Error('Invalid username or password')),
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          user: session.user,
          text: Buffer.concat(chunks).toString('utf8'),
        });
        done();
      });
    },
    ...options,
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const { port } = server.server.address() as AddressInfo;
  const stop = () => new Promise<void>((resolve) => server.close(() => resolve()));
  return { mails, port, [Symbol.asyncDispose]: stop };
}

const mailer = (port: number, change: Partial<EmailOptions> = {}) =>
  createEmailNotifier({
    host: '127.0.0.1',
    port,
    security: 'none',
    username: 'budao',
    password: 'right',
    from: 'budao@hospital.example',
    to: ['it@hospital.example', 'duty@hospital.example'],
    ...change,
  });

test('a message reaches all recipients, signed in, with its subject in Chinese', async () => {
  await using server = await startServer();
  await mailer(server.port)(deliveryOf());
  expect(server.mails).toHaveLength(1);
  const [mail] = server.mails;
  expect(mail).toMatchObject({
    from: 'budao@hospital.example',
    to: ['it@hospital.example', 'duty@hospital.example'],
    user: 'budao',
  });
  const subject = /^Subject: (?<subject>(?:.|\r\n )+)/m.exec(mail?.text ?? '')?.groups?.['subject'] ?? '';
  const words = [...subject.matchAll(/=\?UTF-8\?B\?([^?]+)\?=/gi)].map(([, base64]) =>
    Buffer.from(base64 ?? '', 'base64').toString('utf8'),
  );
  expect(words.join('') || subject).toContain('严重');
  expect(mail?.text).toMatch(/^Auto-Submitted: auto-generated/m);
  expect(mail?.text).toMatch(/^Message-ID: <run_1@budao.invalid>/m);
});

test('a wrong password is refused for good and stays out of the error', async () => {
  await using server = await startServer();
  const failure = await mailer(server.port, { password: 'wr0ng-one' })(deliveryOf()).catch((e: unknown) => e);
  expect(failure).toMatchObject({ code: 'alert_refused' });
  expect(String(failure)).not.toContain('wr0ng-one');
});

test('a server that asks to try again later is tried again later', async () => {
  await using server = await startServer({
    onMailFrom: (_address, _session, done) =>
      done(Object.assign(new Error('Greylisted, try again'), { responseCode: 451 })),
  });
  await expect(mailer(server.port)(deliveryOf())).rejects.toMatchObject({ code: 'alert_not_delivered' });
});

test('an address that the server does not take is named', async () => {
  await using server = await startServer({
    onRcptTo: ({ address }, _session, done) =>
      address.startsWith('it@')
        ? done(Object.assign(new Error('No such user here'), { responseCode: 550 }))
        : done(),
  });
  await expect(mailer(server.port)(deliveryOf())).rejects.toThrow('it@hospital.example');
});

test('without STARTTLS on the other side nothing is said where it is required', async () => {
  await using server = await startServer();
  await expect(mailer(server.port, { security: 'starttls' })(deliveryOf())).rejects.toMatchObject({
    code: expect.stringMatching(/^alert_/) as string,
  });
  expect(server.mails).toEqual([]);
});

test('nobody at the address is passing', async () => {
  const server = await startServer();
  await server[Symbol.asyncDispose]();
  await expect(mailer(server.port)(deliveryOf())).rejects.toMatchObject({ code: 'alert_not_delivered' });
});
