import {
  askCertificate,
  certificateFiles,
  readCertificates,
  type SeenCertificate,
  tlsServers,
} from './certificates.ts';
import { type CheckOutcome, found, ok, type Place, reasonOf, unknown } from './check.ts';

const DAY_MS = 24 * 60 * 60_000;
const SOON_DAYS = 21;
const ASK_LIMIT_MS = 4_000;
const RENEW = {
  en: 'Renew it where it comes from, put it in place, and restart what uses it.',
  zh: '到签发处续期，放到原位，并重启使用它的程序。',
};

/** Certificates expire at night, and everything that calls their servers stops at once. */
export async function checkCertificates(place: Place): Promise<CheckOutcome[]> {
  const { configuration, now } = place;
  const files = certificateFiles(configuration).map(async (path) => {
    try {
      return (await readCertificates(path)).map((certificate) => judge(certificate, path, now));
    } catch (error) {
      const why = reasonOf(error);
      return [
        found('failed', 'certificates', { subject: path, evidence: { en: why, zh: why }, repair: RENEW }),
      ];
    }
  });
  const servers = tlsServers(configuration).map(async (server) => {
    const name = `${server.host}:${server.port}`;
    try {
      return [judge(await askCertificate(server, ASK_LIMIT_MS), name, now)];
    } catch (error) {
      const why = reasonOf(error);
      return [unknown('certificates', { en: `It was not shown: ${why}`, zh: `未能看到证书：${why}` }, name)];
    }
  });
  const outcomes = (await Promise.all([...files, ...servers])).flat();
  if (outcomes.length > 0) return outcomes;
  return [ok('certificates', { en: 'none are configured', zh: '未配置证书' })];
}

function judge(certificate: SeenCertificate, subject: string, now: number): CheckOutcome {
  const { validFrom, validTo, distrust } = certificate;
  const days = Math.floor((validTo.getTime() - now) / DAY_MS);
  const until = validTo.toISOString().slice(0, 10);
  const name = certificate.subject;
  if (days < 0) {
    const evidence = { en: `${name} expired on ${until}.`, zh: `${name} 已于 ${until} 过期。` };
    return found('failed', 'certificates', { subject, evidence, repair: RENEW });
  }
  if (validFrom.getTime() > now) {
    const from = validFrom.toISOString().slice(0, 10);
    return found('failed', 'certificates', {
      subject,
      evidence: { en: `${name} is valid from ${from} only.`, zh: `${name} 自 ${from} 起才有效。` },
      repair: { en: "See whether this machine's clock is right.", zh: '请检查本机时钟是否正确。' },
    });
  }
  if (distrust !== null) {
    return found('failed', 'certificates', {
      subject,
      evidence: { en: `${name} is not trusted: ${distrust}`, zh: `${name} 不受信任：${distrust}` },
      repair: {
        en: 'Name its authority in the settings (sslrootcert, certificateAuthorityFile) or in NODE_EXTRA_CA_CERTS.',
        zh: '在配置（sslrootcert、certificateAuthorityFile）或 NODE_EXTRA_CA_CERTS 中指明其签发机构。',
      },
    });
  }
  const evidence = {
    en: `${name}: ${days} days left, until ${until}`,
    zh: `${name}：还有 ${days} 天，至 ${until}`,
  };
  return days < SOON_DAYS
    ? found('warning', 'certificates', { subject, evidence, repair: RENEW })
    : ok('certificates', evidence, subject);
}
