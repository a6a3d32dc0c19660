/** What people read beside a kit, and the script that puts it into service with nothing but a base system. */
import type { KitManifest } from './kit-manifest.ts';

/** POSIX sh with sha256sum, tar and gzip: nothing else is there before the program is unpacked. */
export const START_SCRIPT = `#!/bin/sh
# Puts Budao into service on this machine, without a network: verifies, unpacks, restores, starts.
#   sh start.sh --key budao-recovery.key [--data-dir FOLDER] [--host ADDRESS] [--port NUMBER]
# Once it has been restored, sh start.sh starts it again; the key is not needed any more.
set -eu
umask 077
here=$(cd "$(dirname "$0")" && pwd)
fail() { printf 'budao: %s\\n' "$1" >&2; exit 1; }
if [ "\${1:-}" = "--help" ]; then sed -n '2,4p' "$here/start.sh"; exit 0; fi
for tool in sha256sum tar gzip uname; do
  command -v "$tool" >/dev/null 2>&1 || fail "this machine lacks $tool. Install it, or take a machine with a base system. / 本机缺少 $tool。"
done
wanted=$(sed -n 's/^.*"os":"\\([^"]*\\)","arch":"\\([^"]*\\)".*$/\\1 \\2/p' "$here/manifest.json")
case "$(uname -s) $(uname -m)" in
  'Linux x86_64') found='linux x64' ;;
  'Linux aarch64') found='linux arm64' ;;
  *) found="$(uname -s) $(uname -m)" ;;
esac
[ "$wanted" = "$found" ] || fail "the kit is for $wanted, this machine is $found. / 此应急包适用于 $wanted，本机为 $found。"
if [ ! -f "$here/program/.complete" ]; then
  echo 'budao: verifying the kit / 正在校验应急包 …' >&2
  bad=$(cd "$here" && LC_ALL=C sha256sum -c SHA256SUMS 2>/dev/null | sed -n 's/: FAILED.*$//p') || true
  [ -z "$bad" ] || fail "the kit is damaged (kit_damaged); copy it again. / 应急包已损坏，请重新复制：
$bad"
  echo 'budao: unpacking the program / 正在解开程序 …' >&2
  fresh="$here/program.new"
  rm -rf "$here/program" "$fresh"
  mkdir -p "$fresh/node_modules/node/bin"
  gzip -dc "$here/node.gz" > "$fresh/node_modules/node/bin/node"
  chmod 755 "$fresh/node_modules/node/bin/node"
  "$fresh/node_modules/node/bin/node" -e \\
    "process.stdin.pipe(require('node:zlib').createZstdDecompress()).pipe(process.stdout)" \\
    < "$here/program.tar.zst" | tar -xof - -C "$fresh" || fail 'the program cannot be unpacked: is the disk full? / 程序无法解开：磁盘是否已满？'
  : > "$fresh/.complete"
  mv "$fresh" "$here/program"
fi
node="$here/program/node_modules/node/bin/node"
"$node" "$here/program/dist/cli/main.js" kit open --kit "$here" "$@"
exec "$node" "$here/program/scripts/up.mjs" --config "$here/budao.yaml"
`;

export function readmeEn(manifest: KitManifest): string {
  const { createdAt, version, platform, counts, knowledge, recipients } = manifest;
  return `BUDAO RECOVERY KIT                                                    Print this page.

Made ${new Date(createdAt).toISOString()} by Budao ${version}, installation ${manifest.installationId}.
Knowledge: ${knowledge} (${counts.documents} documents, ${counts.conversations} conversations).
For a machine of the kind ${platform.os} ${platform.arch}. It needs no network and no Node, only sh, tar, gzip, sha256sum.

YOU NEED   this archive, and the recovery key (a file with a line AGE-SECRET-KEY-1…).
           Keys that open it: ${recipients.join(', ')}

1. As a user of its own, in an empty folder with three times the size of the archive free:
       tar -xf budao-kit.tar && sh budao-kit/start.sh --key budao-recovery.key
   It verifies every file, unpacks the program, restores the snapshot into budao-kit/data, and
   starts. Where others are to reach it: --host 0.0.0.0 --port 7860. It prints its address.
2. Sign in with your own account. API keys stay valid. Ask a question whose answer you know.
3. Start it again later with: sh budao-kit/start.sh
   The command line: budao-kit/program/node_modules/node/bin/node budao-kit/program/dist/cli/main.js
   (doctor, status, ask, backup …) with --data-dir budao-kit/data.

IT SAYS                  DO
kit_damaged              copy the kit again or take another one; the file is named
the kit is for …         take a machine of that kind
recovery_key_wrong       take the other key file
storage_full             make room, run the same command again
data_folder_in_use       it runs already
port in use              --port with another number

Model endpoints and repositories of the lost site are not in budao.yaml until you put them there:
configuration-of-then.yaml beside it holds all settings of that time, with their secrets.
A snapshot without this program: repository/README.txt.
`;
}

export function readmeZh(manifest: KitManifest): string {
  const { createdAt, version, platform, counts, knowledge, recipients } = manifest;
  const named = { whole: '全部', sample: '抽样', none: '无' }[knowledge];
  return `不倒 BUDAO 应急包                                                    请打印本页。

${new Date(createdAt).toISOString()} 由 Budao ${version} 制作，系统编号 ${manifest.installationId}。
知识：${named}（${counts.documents} 份文档，${counts.conversations} 个对话）。
适用于 ${platform.os} ${platform.arch} 机器。无需网络，无需 Node，只要 sh、tar、gzip、sha256sum。

需要    本文件，以及恢复密钥（内含一行 AGE-SECRET-KEY-1…）。
        能打开它的密钥：${recipients.join(', ')}

1. 用专门的用户，在空间不少于本文件三倍的空文件夹中运行：
       tar -xf budao-kit.tar && sh budao-kit/start.sh --key budao-recovery.key
   它会校验每个文件、解开程序、把快照恢复到 budao-kit/data，然后启动并显示地址。
   需要让他人访问时加：--host 0.0.0.0 --port 7860
2. 用您自己的账号登录，API 密钥仍然有效。问一个您知道答案的问题。
3. 以后再启动：sh budao-kit/start.sh
   命令行：budao-kit/program/node_modules/node/bin/node budao-kit/program/dist/cli/main.js
   （doctor、status、ask、backup 等），并加 --data-dir budao-kit/data

提示                     怎么办
kit_damaged              重新复制应急包或换一份；提示中写明了损坏的文件
此应急包适用于 …         换一台该类型的机器
recovery_key_wrong       换另一把密钥
storage_full             腾出空间，重新运行同一条命令
data_folder_in_use       服务已在运行
端口被占用               用 --port 换一个端口

原站点的模型地址与备份仓库不会自动写入 budao.yaml：旁边的 configuration-of-then.yaml
保存了当时的全部设置与密钥，请按需填写。
没有本程序时如何读快照：见 repository/README.txt。
`;
}
