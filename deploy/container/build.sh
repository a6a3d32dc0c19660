#!/usr/bin/env bash
# Builds the container image with buildah, the same bytes for the same commit:
#   deploy/container/build.sh [--base IMAGE|debian] [--tag NAME] [--output FOLDER]
# --base debian makes the base from Debian's packages (mmdebstrap) instead of pulling the one in the Containerfile.
# Prints the digests of the layers; FOLDER gets the image as an OCI archive, and the bill of materials.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

base='' tag='budao:local' output=''
while (($#)); do
  case "$1" in
    --base) base=$2 ;;
    --tag) tag=$2 ;;
    --output) output=$2 ;;
    *) echo "build.sh: unknown option $1. Try: --base, --tag, --output" >&2; exit 2 ;;
  esac
  shift 2
done
for program in buildah npm node; do
  command -v "$program" >/dev/null || { echo "build.sh: $program is missing; install it first" >&2; exit 2; }
done

SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH
revision=$(git rev-parse HEAD)
version=$(node -p 'require("./package.json").version')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

options=(--isolation chroot --format docker --layers=false --timestamp "$SOURCE_DATE_EPOCH" --pull=missing)
if [[ $base == debian ]]; then
  deploy/container/base.sh "$work/base"
  printf 'FROM scratch\nCOPY base/ /\n' >"$work/Containerfile.base"
  buildah build -q "${options[@]}" -f "$work/Containerfile.base" -t "$tag-base" "$work" >/dev/null
  rm -rf "$work/base"
  base="localhost/$tag-base"
fi

node deploy/container/stage.mjs "$work/root"
arguments=(--build-arg "VERSION=$version" --build-arg "REVISION=$revision")
arguments+=(--build-arg "CREATED=$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)")
[[ -z $base ]] || arguments+=(--build-arg "BASE=$base")
buildah build -q "${options[@]}" "${arguments[@]}" -f deploy/container/Containerfile -t "$tag" "$work" >/dev/null

if [[ -n $output ]]; then
  mkdir -p "$output"
  cp "$work/root/opt/budao/sbom.cdx.json" "$output/"
  buildah push -q "$tag" "oci-archive:$output/budao.tar"
fi
echo "image $tag, commit $revision, SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH"
buildah inspect --type image --format '{{range .OCIv1.RootFS.DiffIDs}}layer {{.}}
{{end}}' "$tag"
echo "size $(du -sm --apparent-size "$work/root" | cut -f1) MB above the base; the largest:"
(cd "$work/root" && du -m --apparent-size -d 5 usr/local/bin opt/budao | sort -rn | awk '$1 >= 5' | head -12)
