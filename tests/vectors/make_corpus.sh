#!/bin/sh
# Write the seeds of the image, manifest, sums, minisig, layout and hex fuzz targets.  Usage: make_corpus.sh SIGNER
set -eu
signer=$(realpath "$1")
here=$(cd "$(dirname "$0")" && pwd)
keys=$here/keys
corpus=$here/../fuzz/corpus
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

image() { # NAME KEY OPTION...
    name=$1 key=$2
    shift 2
    "$signer" sign -k "$keys/$key.pem" -v 1.2.3 -H 32 --pad-header "$@" "$work/app" "$corpus/image/$name" >/dev/null 2>"$work/log" ||
        { cat "$work/log" >&2 && exit 1; }
}

mkdir -p "$corpus/image" "$corpus/manifest" "$corpus/sums" "$corpus/minisig"
printf 'a very small application' >"$work/app"
image good image --class mps2-an386
image stranger stranger --class mps2-an386
image bare image --bare
image sha512 stranger --class mps2-an386 --sha 512
image rom-fixed stranger --class mps2-an386 -F 0x8000
(cat "$corpus/image/good" && printf 'something behind') >"$corpus/image/behind"
head -c 100 "$corpus/image/good" >"$corpus/image/cut"

cp "$keys/mps2-an386.manifest" "$corpus/manifest/good"
"$signer" keymanifest new --class other --sequence 4294967295 --image-key "$keys/image-p256.pub" -o "$corpus/manifest/unsigned" >/dev/null
(cat "$corpus/manifest/good" && printf x) >"$corpus/manifest/trailing"

cp "$work/app" "$work/b.bin"
cp "$work/app" "$work/A-file_1"
"$signer" publish --platform mps2-an386 --version 1.2.3 --release-key "$keys/release.pem" --out "$work/lists" "$work/app" "$work/b.bin" "$work/A-file_1" >/dev/null 2>&1
cp "$work/lists/SHA256SUMS" "$corpus/sums/good"
(tac "$work/lists/SHA256SUMS") >"$corpus/sums/unsorted"
(cd "$work" && sha256sum app) >"$corpus/sums/gnu-style"
cp "$work/lists/SHA256SUMS.minisig" "$corpus/minisig/good"
cp "$keys/release.minisign.pub" "$corpus/minisig/public-key"
sed -n 's/^trusted comment: //p' "$work/lists/SHA256SUMS.minisig" | tr -d '\n' >"$corpus/minisig/comment"

# Images of every kind, as imgtool makes them, and Intel HEX.
layout() { # NAME OPTION...
    name=$1
    shift
    "$signer" imgtool sign -v 1.2.3+4 -H 32 -S 0x400 -M 8 --pad-header "$@" "$work/app" "$corpus/layout/$name"
}
mkdir -p "$corpus/layout" "$corpus/hex"
layout signed -k "$keys/image.pem"
layout protected -k "$keys/image.pem" -s 7 --boot-record APP -d '(1, 2.3.4)' --custom-tlv 0xa0 text --vid v.example --cid c
layout big-endian -k "$keys/image.pem" -e big --custom-tlv 0xfffe 0x00 --pad --max-align 16
layout pure -k "$keys/image.pem" --pure --public-key-format full
layout confirmed -k "$keys/image.pem" --confirm --align 32 -M 2
layout unsigned --sha 384
head -c 150 "$corpus/layout/protected" >"$corpus/layout/cut"
for address in 0xfff0 0x08010000 0xffffff00; do
    "$signer" imgtool sign -v 1.2.3 -H 32 -S 0x1000 --pad-header -x "$address" "$work/app" "$work/app.hex"
    cp "$work/app.hex" "$corpus/hex/at-$address"
done
printf ':0100000055AA\n:00000001FF\n:0100010055A9\n' >"$corpus/hex/behind"
printf ':020000021000EC\r\n:0100000055AA\r\n:0400000508000131BD\r\n:00000001FF\r\n' >"$corpus/hex/segments"
