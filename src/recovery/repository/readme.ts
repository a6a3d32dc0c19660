/** What a person finds in a repository, and needs to read it by hand when this program is gone. */
export const README_TEXT = `Budao 快照仓库 · Budao snapshot repository
=========================================

本文件说明：没有 Budao 程序时，怎样只用常见工具取回数据。英文在后。
所需工具：age、zstd、tar、jq、sha256sum；以及建库时打印出来、另行保管的恢复密钥。

目录
  budao-repository.json                    第一行：格式、编号、可解密者（age 公钥）；第二行：签名
  snapshots/<时间>-<编号>.json             快照清单：第一行是清单，第二行是签名。没有清单就没有快照
  packs/ab/<sha256>.tar.zst.age            数据包，文件名就是文件本身的 sha256
  packs/ab/<sha256>.index.json.zst.age     数据包的目录
  retired/                                 已过保留期、但其文档仍保留的快照的清单
  pruned/                                  每次清理删去了哪些快照，带签名
  signers/                                 各个安装的签名公钥
  locks/                                   正在写入者的标记，恢复时不用理会

手工恢复
  1. 把恢复密钥存成文件 key.txt（一行，以 AGE-SECRET-KEY-1 开头）。
  2. 取最新的清单：       head -n 1 snapshots/<名称>.json | jq .
  3. 核对并解开每个数据包：
       mkdir out
       for p in $(head -n 1 snapshots/<名称>.json | jq -r '.packs[].name'); do
         f=packs/$(echo $p | cut -c1-2)/$p.tar.zst.age
         echo "$p  $f" | sha256sum -c && age -d -i key.txt $f | zstd -d | tar -x -C out
       done
  4. out/ 中每个文件名就是其内容的 sha256：
       cd out && for f in *; do echo "$f  $f"; done | sha256sum -c --quiet
  5. 清单中 .contents.sha256 所指的文件列出全部内容：
       jq . out/$(head -n 1 snapshots/<名称>.json | jq -r .contents.sha256)
     其中 tables 是数据表（每行一个 JSON，按 pieces 的次序；每个文件的第一行是列名），
     blobs 是文档原件，derived 是由原件导出、可以重建的内容，secrets 是密钥，files 是配置文件。
  文档原件无须其他步骤即可直接打开：把 out/<sha256> 改成原来的文件名即可。


This file says how to get the data back with common tools alone, without the program Budao.
You need: age, zstd, tar, jq, sha256sum; and the recovery key that was printed when the repository was made.

What is where
  budao-repository.json                    line 1: format, id, who can decrypt (age recipients); line 2: signature
  snapshots/<time>-<id>.json               a snapshot: line 1 is the manifest, line 2 its signature
  packs/ab/<sha256>.tar.zst.age            packs; the name is the sha256 of the file itself
  packs/ab/<sha256>.index.json.zst.age     what is in each pack
  retired/                                 manifests of snapshots past their time whose documents are kept
  pruned/                                  which snapshots each pruning has taken away, signed
  signers/                                 public keys of the installations that write here
  locks/                                   who is writing now; of no use for restoring

Restoring by hand
  1. Put the recovery key into a file key.txt (one line that begins with AGE-SECRET-KEY-1).
  2. Look at the newest manifest:   head -n 1 snapshots/<name>.json | jq .
  3. Check and open each pack:
       mkdir out
       for p in $(head -n 1 snapshots/<name>.json | jq -r '.packs[].name'); do
         f=packs/$(echo $p | cut -c1-2)/$p.tar.zst.age
         echo "$p  $f" | sha256sum -c && age -d -i key.txt $f | zstd -d | tar -x -C out
       done
  4. Each file in out/ is named by the sha256 of its content:
       cd out && for f in *; do echo "$f  $f"; done | sha256sum -c --quiet
  5. The file that .contents.sha256 of the manifest names lists everything:
       jq . out/$(head -n 1 snapshots/<name>.json | jq -r .contents.sha256)
     There, tables are rows (one JSON a line, pieces in order, the first line of each file names the columns), blobs
     are the originals of documents, derived is what can be made from them again, secrets are keys, files are the
     configuration.
  Originals need nothing more: give out/<sha256> the name that the document had.

Signatures are Ed25519 over the bytes of the first line without its line feed.
`;
